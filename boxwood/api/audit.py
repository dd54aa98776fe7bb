"""A team's audit log over HTTP."""

from __future__ import annotations

from typing import Any

from ..core.events import Event
from ..core.history import audit_log, history
from ..errors import Invalid
from ..lib import csv_cells
from ..wire.shapes import history as shapes
from .history import LAST, PAGE, read_cursor
from .http.call import Call
from .http.replies import Reply, encode

MOST_EXPORTED = 50_000


def _found(call: Call, behind: int, limit: int) -> tuple[list[Event], dict[str, str]]:
    found = audit_log.page(
        call.ctx,
        call.path[0],
        kinds=call.texts("kind"),
        actor=call.text("actor"),
        since=call.number("from", 0),
        until=call.number("to", LAST) if "to" in call.given else None,
        behind=behind,
        limit=limit,
    )
    return found, history.names(call.ctx, found)


def list_page(call: Call) -> shapes.History:
    """The audit log of a team, newest first. For owners.

    It lists changes of the team, its members, API keys, pipelines, webhooks and automations. `kind` takes kinds of
    events or their beginnings, separated by commas, such as `member.,user.signed_in`. `actor` is the key of a user.
    """
    limit = call.number("limit", PAGE, least=1, most=1000)
    found, names = _found(call, read_cursor(call.cursor()), limit + 1)
    cursor = str(found[limit - 1].id) if len(found) > limit else None
    return shapes.History([shapes.change(event, names) for event in found[:limit]], call.next_cursor(cursor))


def export(call: Call) -> Reply:
    """The audit log as a file: `format` is `json` or `csv`.

    The file has the newest 50,000 entries. For more, send `from` and `to` and export one period at a time.
    """
    form = call.text("format") or "json"
    if form not in ("json", "csv"):
        raise Invalid("format", "must be json or csv")
    found, names = _found(call, LAST, MOST_EXPORTED)
    shown = [shapes.change(event, names) for event in found]
    name = b'attachment; filename="audit.%s"' % form.encode()
    headers = ((b"content-disposition", name), (b"cache-control", b"no-store"))
    if form == "json":
        return Reply(encode(shown), headers=headers)
    return Reply(_csv(shown), content_type=b"text/csv;charset=utf-8", headers=headers)


def _csv(shown: list[shapes.Change]) -> bytes:
    rows: list[list[Any]] = [["key", "change", "time", "kind", "actor", "actorKey", "via", "story", "before", "after"]]
    for change in shown:
        actor, via = change.actor, change.via
        rows.append(
            [
                change.key,
                change.change,
                change.timestamp,
                change.kind,
                actor.display_name if actor else "",
                actor.key if actor else "",
                f"{via.type}:{via.key} {via.name}".strip() if via else "",
                change.story,
                _json(change.before),
                _json(change.after),
            ]
        )
    return csv_cells.written(rows)


def _json(value: Any) -> str:
    return "" if value is None else encode(value).decode()
