"""The archive of a whole team over HTTP. `boxwood import --team` reads it."""

from __future__ import annotations

from ..core.import_export import team_export
from ..core.people import teams
from .downloads import disposition
from .http.call import Call
from .http.replies import Chunks


def export(call: Call) -> Chunks:
    """Export a whole team as one archive, which `boxwood import --team` gives back on another server. For owners.

    It holds the pipelines whose boxes you see all and may export, with history, files and mail. What other users keep
    to themselves is left out, and so is everything that has secrets.
    """
    key = call.path[0]
    name = team_export.of_owner(call.ctx, key).team.name
    headers = [
        (b"content-type", b"application/x-tar"),
        (b"content-disposition", disposition(f"{name}.tar")),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    found = call.api.team_archive(lambda ctx: team_export.of_owner(ctx, key), call.ctx.now)
    return Chunks(headers, found, lambda ctx: team_export.record_export(ctx, teams.get(ctx, key)))
