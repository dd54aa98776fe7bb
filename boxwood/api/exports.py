"""Exports over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..core.context import Ctx
from ..core.import_export import exports
from ..core.import_export.exports import Export
from . import pipelines
from .boxes import read_filter
from .downloads import disposition
from .http.call import Call
from .http.replies import Chunks, encode


def export(call: Call) -> Chunks:
    """Export the boxes of a pipeline as `csv`, `jsonl` or `json`.

    `json` is one object with the pipeline and its boxes. The response is streamed. `filter`, `sort`, `stageKey` and
    `view` work as in lists. `fields` are the columns; without it, the export has all fields of the pipeline. With
    `bom=true`, CSV begins with a byte order mark, which Excel needs to read it as UTF-8.
    """
    form = call.text("format") or exports.CSV
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
    name = re.sub(r"[\x00-\x1f/\\]+", " ", table.name).strip()[:100] or "boxes"
    headers = [
        (b"content-type", exports.FORMS[form].encode()),
        (b"content-disposition", disposition(f"{name}.{form}")),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    pipeline = encode(pipelines.get(call)) if form == exports.JSON else b""
    return Chunks(headers, _pieces(table, table.head(pipeline, bom=call.flag("bom"))), table.record_event)


def _pieces(table: Export, head: bytes) -> Iterator[Callable[[Ctx], bytes]]:
    yield lambda ctx: head
    while not table.done:
        yield table.slice
    yield lambda ctx: table.tail()
