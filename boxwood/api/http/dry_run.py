"""Dry runs: a write that is checked and computed, and then undone. Its answer shows what would have changed.

`dryRun=true` in the query or the body asks for it, or the header `Prefer: dry-run` (RFC 7240). If any of them does, the
request is a dry run, so that no client writes by mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ...core.context import Ctx
from ...core.undo import dry_runs
from ...errors import Invalid
from ...wire.shapes import dry_runs as shapes
from .replies import JSON, Reply, encode

NAME = "dryRun"
# Other spellings count too: without them the request would write.
SPELLINGS = frozenset({NAME, "dryrun", "DryRun", "Dryrun", "DRYRUN", "dry_run", "DRY_RUN", "dry-run"})
APPLIED = (b"preference-applied", b"dry-run")
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Done(Exception):
    """A dry run is at its end. Raising this undoes the transaction. `reply` is the answer."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


def wanted(headers: Mapping[bytes, bytes], *given: Mapping[str, Any]) -> bool:
    """Whether the headers, or any of these members of the query and the body, ask for a dry run.

    Raise `Invalid` if a member is neither true nor false.
    """
    if b"prefer" in headers and _prefers(headers[b"prefer"].decode("latin-1")):
        return True
    found = [_is_true(members[name], name) for members in given for name in SPELLINGS.intersection(members)]
    return any(found)


def _prefers(header: str) -> bool:
    """Whether the header `Prefer` has the preference `dry-run`, without a value or with a true one."""
    for preference in header.split(","):
        name, has_value, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "dry-run":
            return not has_value or _is_true(value.strip().strip('"'), "Prefer")
    return False


def _is_true(value: Any, name: str = NAME) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, list) and value:
        found_all = [_is_true(each, name) for each in value]
        return any(found_all)
    found = _WORDS.get(str(value).strip().lower()) if isinstance(value, (str, int)) else None
    if found is None:
        raise Invalid(name, f"must be true or false, not {str(value)[:50]!r}: nothing was changed")
    return found


def done(ctx: Ctx, work: Callable[[], Any]) -> Done:
    """Do the work and return its answer with the changes and their effects, for the caller to raise."""
    number = dry_runs.begin(ctx)
    reply = work()
    assert isinstance(reply, Reply)
    return Done(shown(reply, shapes.dry_run(dry_runs.outcome(ctx, number))))


def shown(reply: Reply, result: shapes.DryRun = shapes.NOTHING) -> Reply:
    """The reply with the members of a dry run, and without its headers, which could set a cookie."""
    body = msgspec.Raw(reply.body)
    members = {"results": body} if reply.content_type != JSON or reply.body[:1] != b"{" else _members(reply.body)
    added = _members(encode(result))
    return Reply(encode({**members, **added}), reply.status, headers=(APPLIED,))
