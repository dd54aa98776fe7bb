"""Exports and imports of a team's contacts and organizations."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from ..core.context import Ctx
from ..core.import_export import entry_tables
from ..core.import_export.entry_tables import EntryReport
from ..core.people import contact_access
from ..core.people.contact_access import Noun
from ..core.people.contacts import CONTACTS
from ..core.people.organizations import ORGANIZATIONS
from ..db.engine import Db
from ..errors import Invalid
from ..lib import csv_cells, ids, tables, vcards
from ..lib.tables import Row, Table
from ..wire.shapes import directory
from ..wire.shapes.base import Out
from .downloads import disposition
from .http import dry_run, idempotency
from .http.bodies import Body
from .http.call import Call
from .http.replies import Chunks, Reply, encode
from .imports import pieces_of, refusal

CSV, LINES, VCARD = "csv", "jsonl", "vcf"
FORMS = {CSV: "text/csv; charset=utf-8", LINES: "application/x-ndjson", VCARD: "text/vcard; charset=utf-8"}
PAGE = 500
MOST_BYTES = 20_000_000
MOST_ROWS = 50_000
AT_ONCE = 500
"""Rows of one transaction."""
Shows = Callable[[Any], Any]


class RejectedEntry(Out, omit_defaults=False):
    row: int
    reason: str


class EntryImportOut(Out, omit_defaults=False):
    """`change` is the name of the change, for an undo. `columns` says where each column went."""

    change: str
    columns: dict[str, str | None]
    created: int
    updated: int
    unchanged: int
    rejected_count: int
    rejected: list[RejectedEntry]


def export_contacts(call: Call) -> Chunks:
    """Export the contacts of a team as `csv`, `jsonl` (the contacts of the API, one a line) or `vcf` (vCard 4.0)."""
    return _export(call, CONTACTS, directory.contact)


def export_organizations(call: Call) -> Chunks:
    """Export the organizations of a team as `csv`, `jsonl` (those of the API, one a line) or `vcf` (vCard 4.0)."""
    return _export(call, ORGANIZATIONS, directory.organization)


async def import_contacts(call: Call, body: Body) -> Reply:
    """Import contacts from CSV, XLSX, XLS, ODS, JSON, JSON lines or vCard: at most 50,000, all in one change.

    Columns go by their names, also by those of other programs; `mapping` is a JSON object of columns and members. A
    contact with the same e-mail address is updated; with `match=none`, all are created.
    """
    return await _import(call, body, CONTACTS)


async def import_organizations(call: Call, body: Body) -> Reply:
    """Import organizations from CSV, XLSX, XLS, ODS, JSON, JSON lines or vCard: at most 50,000, all in one change.

    Columns go by their names, also by those of other programs; `mapping` is a JSON object of columns and members. An
    organization with the same domain is updated; with `match=none`, all are created.
    """
    return await _import(call, body, ORGANIZATIONS)


def _export(call: Call, noun: Noun[Any], show: Shows) -> Chunks:
    form = call.text("format") or CSV
    if form not in FORMS:
        raise Invalid("format", f"must be one of {', '.join(FORMS)}")
    team_key = call.path[0]
    entry_tables.page(call.ctx, noun, team_key, "", 1)
    headers = [
        (b"content-type", FORMS[form].encode()),
        (b"content-disposition", disposition(f"{noun.name}.{form}")),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    reading = _Reading(noun, team_key, form, show, bom=call.flag("bom"))
    return Chunks(headers, reading.pieces(), lambda ctx: entry_tables.record_export(ctx, noun, team_key, form))


class _Reading:
    """One export, page by page."""

    def __init__(self, noun: Noun[Any], team_key: str, form: str, show: Shows, *, bom: bool) -> None:
        self.noun, self.team_key, self.form, self.show, self.bom = noun, team_key, form, show, bom
        self.done, self._after = False, ""

    def pieces(self) -> Iterator[Callable[[Ctx], bytes]]:
        if self.form == CSV:
            yield self._head
        while not self.done:
            yield self._page

    def _head(self, ctx: Ctx) -> bytes:
        team, _ = contact_access.reach_team(ctx, self.noun.name, self.team_key)
        heading = csv_cells.written([entry_tables.heading(self.noun, team)])
        return (csv_cells.BOM if self.bom else b"") + heading

    def _page(self, ctx: Ctx) -> bytes:
        found = entry_tables.page(ctx, self.noun, self.team_key, self._after, PAGE)
        self.done = len(found) < PAGE
        if not found:
            return b""
        self._after = found[-1].key
        if self.form == LINES:
            return b"".join(encode(self.show(each)) + b"\n" for each in found)
        if self.form == VCARD:
            named = entry_tables.organization_names(ctx, found)
            return vcards.write(entry_tables.card(self.noun, each, named.get(each.key, "")) for each in found)
        team, _ = contact_access.reach_team(ctx, self.noun.name, self.team_key)
        return csv_cells.written(entry_tables.lines(ctx, self.noun, team, found))


async def _import(call: Call, body: Body, noun: Noun[Any]) -> Reply:
    mapping = _mapping(call)
    match = call.text("match") or "auto"
    if match not in ("auto", "none"):
        raise Invalid("match", "must be auto or none")
    given = {name: call.text(name) for name in ("encoding", "delimiter", "sheet")}
    content = await call.api.aside(_content, call, body)
    columns, rows = await call.api.aside(_rows, content, given)
    if len(rows) > MOST_ROWS:
        raise Invalid("body", f"must not have more than {MOST_ROWS:,} rows: send the table in parts")
    change = ids.new("i", call.api.clock())
    taking = partial(
        entry_tables.take, noun=noun, columns=columns, wanted=mapping, match=match == "auto", change=change
    )
    identity = [mapping, match, given, hashlib.sha256(content).hexdigest()]
    if len(rows) <= AT_ONCE:
        return await call.write(identity, lambda ctx: _shown(taking(ctx, team_key=call.path[0], rows=rows)))
    if call.dry:
        raise Invalid(dry_run.NAME, f"is for tables of up to {AT_ONCE:,} rows, and this table has {len(rows):,}")
    return await _in_parts(call, taking, rows, identity)


async def _in_parts(call: Call, taking: Callable[..., EntryReport], rows: list[Row], identity: list[Any]) -> Reply:
    """Import a long table in parts, each in a transaction, so that other users do not wait.

    With an Idempotency-Key, each part is stored by itself: a repetition of a request that broke off continues after the
    last part, in the same change.
    """
    report: EntryReport | None = None
    is_repeated = True
    for at in range(0, len(rows), AT_ONCE):
        more = {} if report is None else {"change": report.change}

        def work(db: Db, at: int = at, more: dict[str, str] = more) -> EntryReport | Reply:
            ctx = call.enter(call.api.context(db, call))
            part = rows[at : at + AT_ONCE]
            taken: list[EntryReport] = []

            def take() -> Reply:
                taken.append(taking(ctx, team_key=call.path[0], rows=part, **more))
                return Reply(encode(taken[0]))

            reply = call.once([*identity, at], take, part=f" part {at}" if at else "")
            return taken[0] if taken else reply

        done = await call.api.engine.write_soon(work)
        is_repeated = is_repeated and isinstance(done, Reply)
        if isinstance(done, Reply):
            done = EntryReport(*msgspec.json.decode(done.body))
        report = report.plus(done) if report else done
    assert report is not None
    return Reply(encode(_shown(report)), headers=(idempotency.REPLAYED,) if is_repeated else ())


def _mapping(call: Call) -> dict[str, str | None]:
    try:
        return msgspec.json.decode(call.text("mapping") or "{}", type=dict[str, str | None])
    except msgspec.DecodeError:
        raise Invalid(
            "mapping", 'must be a JSON object of columns and members, such as {"Mail": "emailAddresses"}'
        ) from None


def _content(call: Call, body: Body) -> bytes:
    """The bytes of the table: the body, or the first file of a form."""
    found = bytearray()
    try:
        for piece in tables.unpacked(pieces_of(call, body)):
            found += piece
            if len(found) > MOST_BYTES:
                raise Invalid("body", f"must not be larger than {MOST_BYTES // 1_000_000} MB: send the table in parts")
    except tables.Broken as broken:
        raise Invalid("body", str(broken)) from None
    return bytes(found)


def _rows(content: bytes, given: dict[str, str]) -> tuple[Sequence[str], list[Row]]:
    """The columns of the table, and its rows."""
    try:
        if vcards.is_cards(content):
            cards = list(vcards.read(content))
            columns = list(dict.fromkeys(member for card in cards for member in card if member != "kind"))
            return columns, [Row(number, card) for number, card in enumerate(cards, 1)]
        table = Table([content])
        for _ in table:
            pass
        opened = tables.open_table(table, lambda: [content], **given)
        return opened.columns, list(tables.rows([content], opened.form))
    except tables.Broken as broken:
        raise refusal(broken) from None
    except vcards.BadCard as bad:
        raise Invalid("body", str(bad)) from None


def _shown(report: EntryReport) -> EntryImportOut:
    return EntryImportOut(
        change=report.change,
        columns=report.columns,
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        rejected_count=report.rejected_count,
        rejected=[RejectedEntry(row, reason) for row, reason in report.rejected],
    )
