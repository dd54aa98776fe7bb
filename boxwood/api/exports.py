"""Exports over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..core.activity import messages
from ..core.context import Ctx
from ..core.import_export import exports
from ..core.import_export.exports import Export
from ..core.records.scopes import READ
from ..errors import Invalid
from ..lib import csv_cells
from . import export_parts, pipelines
from .boxes import read_filter
from .downloads import disposition
from .export_parts import Reading
from .http.call import Call
from .http.replies import Chunks, encode
from .messages import shown

BOXES = "boxes"
MAILS = 100
"""E-mails of a slice. Each may have a megabyte of text."""


def export(call: Call) -> Chunks:
    """Export the boxes of a pipeline as `csv`, `jsonl` or `json`.

    `json` is one object with the pipeline and its boxes. With `include`, it also has lists of `tasks`, `comments`,
    `meetings`, `files` (with the addresses of their bytes), `threads`, `contacts`, `organizations` and `links`. With
    `of`, the tasks, comments or meetings of the boxes are exported, as `csv` or `jsonl`.

    The response is streamed. `filter`, `sort`, `stageKey` and
    `view` work as in lists. `fields` are the columns; without it, the export has all fields of the pipeline. With
    `bom=true`, CSV begins with a byte order mark, which Excel needs to read it as UTF-8. With `mails=true`, `json` also
    has the e-mail of the boxes, as far as you see it.
    """
    form = call.text("format") or exports.CSV
    if call.flag("mails") and form != exports.JSON:
        raise Invalid("mails", "is only for format=json")
    if call.flag("mails"):
        call.ctx.require("mail", READ)
    included = export_parts.chosen(call.ctx, call.texts("include"))
    if included and form != exports.JSON:
        raise Invalid("include", "is only for format=json")
    if (of := call.text("of") or BOXES) not in (BOXES, *export_parts.HEADINGS):
        raise Invalid("of", f"must be one of {', '.join((BOXES, *export_parts.HEADINGS))}")
    if of != BOXES and form == exports.JSON:
        raise Invalid("format", f"must be csv or jsonl for {of}; or export boxes as json with include={of}")
    table = Export(
        call.ctx,
        call.path[0],
        form=form,
        view_key=call.text("view"),
        tree=read_filter(call),
        sort=call.texts("sort"),
        shown=call.texts("fields"),
        stage_key=call.text("stageKey") or None,
    )
    call.wishes.update(table.chosen.wishes())
    parts = [Reading(table, part, call.base_url) for part in included]
    name = re.sub(r"[\x00-\x1f/\\]+", " ", table.name).strip()[:100] or "boxes"
    headers = [
        (b"content-type", exports.FORMS[form].encode()),
        (b"content-disposition", disposition(f"{name}.{form}")),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    if of != BOXES:
        export_parts.chosen(call.ctx, [of])
        headers[1] = (b"content-disposition", disposition(f"{name} {of}.{form}"))
        part = Reading(table, of, call.base_url)
        return Chunks(headers, _table(part, form, bom=call.flag("bom")), table.record_event)
    pipeline = encode(pipelines.get(call)) if form == exports.JSON else b""
    mails = _Mails(table) if call.flag("mails") else None
    return Chunks(headers, _pieces(table, table.head(pipeline, bom=call.flag("bom")), mails, parts), table.record_event)


def _table(part: Reading, form: str, *, bom: bool) -> Iterator[Callable[[Ctx], bytes]]:
    """The tasks, comments or meetings of the boxes as a table of their own."""
    if form == exports.CSV:
        heading = csv_cells.written([export_parts.HEADINGS[part.name]])
        yield lambda ctx: (csv_cells.BOM if bom else b"") + heading
    while not part.done:
        yield part.rows if form == exports.CSV else part.lines


def _pieces(table: Export, head: bytes, mails: _Mails | None, parts: list[Reading]) -> Iterator[Callable[[Ctx], bytes]]:
    yield lambda ctx: head
    while not table.done:
        yield table.slice
    if mails is not None:
        yield lambda ctx: table.head_of("mails")
        while not mails.done:
            yield mails.slice
    for part in parts:
        yield lambda ctx, name=part.name: table.head_of(name)  # type: ignore[misc]
        while not part.done:
            yield part.member
    yield lambda ctx: table.tail()


class _Mails:
    """The e-mail of the exported boxes, slice by slice."""

    def __init__(self, table: Export) -> None:
        self.table, self.done = table, False
        self._after = ""

    def slice(self, ctx: Ctx) -> bytes:
        self.table.require(ctx)
        ctx.require("mail", READ)
        chosen, first = self.table.chosen, self._after == ""
        found = messages.list_for_boxes(ctx, chosen.where, chosen.params, after=self._after, limit=MAILS)
        self.done = len(found) < MAILS
        if not found:
            return b""
        self._after = found[-1].key
        return (b"" if first else b",\n") + b",\n".join(encode(each) for each in shown(ctx, found))
