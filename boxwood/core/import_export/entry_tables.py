"""Contacts and organizations as tables and vCards, in and out.

A column goes to a member by its name, in the words of other programs too: the exports of Streak, HubSpot, Pipedrive,
Salesforce, Zoho, Google Contacts and Outlook need no mapping.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from ...errors import Invalid, Problem
from ...lib import csv_cells
from ...lib.tables import Row, plain
from .. import events
from ..contacts import custom_fields, entries
from ..context import Ctx
from ..people import contact_access, teams
from ..people.contact_access import Noun
from ..people.contacts import CONTACTS
from ..people.organizations import ORGANIZATIONS
from ..records import Team
from . import cells
from .cells import BadCell

MOST_REJECTED = 1000
ORGANIZATION, NAME = "organization", "name"
_LISTS = ("email_addresses", "phone_numbers", "addresses", "domains")
_WORDS: dict[str, dict[str, str]] = {
    "contacts": {
        "given_name": "givenname firstname forename vorname prénom nombre",
        "family_name": "familyname lastname surname nachname nom apellido apellidos",
        NAME: "name fullname displayname contactname personname fileas",
        "title": "title jobtitle organizationtitle position",
        "other": "notes note other description",
        ORGANIZATION: "organization organisation organizations organizationname company companyname accountname",
        "photo_url": "photourl photo",
    },
    "organizations": {
        NAME: "name company companyname organization organisation organizationname accountname account",
        "industry": "industry",
        "employee_count": "employeecount employees numberofemployees",
        "other": "notes note other description",
        "logo_url": "logourl logo",
    },
}
_BOTH = {
    "twitter_handle": "twitterhandle twitter",
    "facebook_handle": "facebookhandle facebook",
    "linkedin_handle": "linkedinhandle linkedin",
    "instagram_handle": "instagramhandle instagram",
    "domains": "domains domain companydomainname",
}
_PATTERNS = (
    ("email_addresses", re.compile(r"(work|home|other|private|primary|personal)?e?mail(s|\d*)(address(es)?|value)?")),
    (
        "phone_numbers",
        re.compile(
            r"(work|home|other|mobile|business|primary|company|assistants?|car)?(tele|mobile)?(phone|cell)(number)?s?\d*"
            r"(numbers?|value)?|mobile|phonenumbers"
        ),
    ),
    ("addresses", re.compile(r"(mailing|billing|postal|work|home)?address(es)?(\d*formatted)?|fulladdress")),
    ("domains", re.compile(r"(company)?(website|webpage|homepage|web|url)s?\d*(value|url)?")),
)
HEADINGS = {
    "contacts": ("given_name", "family_name", "title", "email_addresses", ORGANIZATION),
    "organizations": (NAME, "industry", "employee_count"),
}
_COMMON = ("phone_numbers", "addresses", "domains", "other", "twitter_handle", "facebook_handle", "linkedin_handle")
_SHOWN = {"other": "Notes", ORGANIZATION: "Organization", "email_addresses": "E-mail addresses"}


def members(noun: Noun[Any]) -> list[str]:
    """What a column of the table may go to, besides custom fields: members of the record, and `name`."""
    own = [name for name in noun.table.names if name in {*_WORDS[noun.name], *_BOTH, *_LISTS}]
    return list(dict.fromkeys([*own, *_WORDS[noun.name]]))


def suggested(columns: Sequence[str], noun: Noun[Any], team: Team) -> dict[str, str | None]:
    """Where each column goes by its name: a member, the key of a custom field, or None."""
    fields = {plain(field.name): field.key for field in custom_fields.fields_of(team, noun.name)}
    keys = {field.key for field in custom_fields.fields_of(team, noun.name)}
    words = {word: member for member, text in {**_WORDS[noun.name], **_BOTH}.items() for word in text.split()}
    known = members(noun)
    found: dict[str, str | None] = {}
    for column in columns:
        word = plain(column)
        target = words.get(word) or fields.get(word) or (column if column in keys else None)
        if target is None:
            target = next((member for member, pattern in _PATTERNS if pattern.fullmatch(word)), None)
        found[column] = target if target in known or target in keys else None
    return found


class EntryReport(NamedTuple):
    """What an import of contacts or organizations did. `change` is what an undo takes back."""

    change: str
    columns: dict[str, str | None]
    created: int
    updated: int
    unchanged: int
    rejected: list[tuple[int, str]]
    rejected_count: int

    def plus(self, later: EntryReport) -> EntryReport:
        """Both reports together, of two parts of a table."""
        return later._replace(
            created=self.created + later.created,
            updated=self.updated + later.updated,
            unchanged=self.unchanged + later.unchanged,
            rejected=[*self.rejected, *later.rejected][:MOST_REJECTED],
            rejected_count=self.rejected_count + later.rejected_count,
        )


def take(
    ctx: Ctx,
    noun: Noun[Any],
    team_key: str,
    columns: Sequence[str],
    rows: Iterable[Row],
    wanted: Mapping[str, str | None],
    *,
    match: bool,
    change: str,
) -> EntryReport:
    """Create an entry for each row, or update the entry with the same e-mail address (of an organization: domain) if
    `match`. A row that cannot be read is rejected; the others are kept. All belong to the change `change`."""
    team, _ = contact_access.reach_team(ctx, noun.name, team_key)
    ctx.change = change
    mapping = _mapping(noun, team, columns, wanted)
    outcomes = {"created": 0, "updated": 0, "unchanged": 0}
    rejected: list[tuple[int, str]] = []
    rejected_count = 0
    for row in rows:
        try:
            if row.fault:
                raise BadCell(row.fault)
            given, organization = _given(noun, columns, row, mapping)
            outcomes[ctx.db.attempt(lambda: _store(ctx, noun, team, given, organization, match=match))] += 1  # noqa: B023
        except (Problem, BadCell) as problem:
            rejected_count += 1
            if len(rejected) < MOST_REJECTED:
                rejected.append((row.number, str(problem)))
    return EntryReport(ctx.change, mapping, **outcomes, rejected=rejected, rejected_count=rejected_count)


def _mapping(
    noun: Noun[Any], team: Team, columns: Sequence[str], wanted: Mapping[str, str | None]
) -> dict[str, str | None]:
    mapping = suggested(columns, noun, team)
    fields = {field.key for field in custom_fields.fields_of(team, noun.name)}
    by_wire = {_wire(name): name for name in members(noun)}
    by_name = {field.name: field.key for field in custom_fields.fields_of(team, noun.name)}
    for column, target in wanted.items():
        if column not in columns:
            shown = ", ".join(map(repr, columns[:20]))
            raise Invalid(f"mapping.{column[:100]}", f"is not a column of this table: its columns are {shown}")
        found = None if target is None else by_wire.get(target) or by_name.get(target) or target
        if found is not None and found not in fields and found not in by_wire.values():
            known = ", ".join([*by_wire, *by_name])
            raise Invalid(f"mapping.{column[:100]}", f"{target!r} is none of {known}")
        mapping[column] = found
    if not any(mapping.values()):
        raise Invalid("mapping", f"is missing: no column is known. Columns go to {', '.join(by_wire)}, and to fields")
    return mapping


def _wire(name: str) -> str:
    """The member as the API spells it."""
    if name == "logo_url":
        return "logoURL"
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _given(
    noun: Noun[Any], columns: Sequence[str], row: Row, mapping: Mapping[str, str | None]
) -> tuple[dict[str, Any], str]:
    """The members of a row, and the name of the organization that it names."""
    found = dict(zip(columns, row.cells, strict=False)) if isinstance(row.cells, list) else row.cells
    given: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for column, cell in found.items():
        target = mapping.get(column)
        if target is None or cell in (None, "", []):
            continue
        if isinstance(cell, str):
            cell = csv_cells.unguarded(cell)
        if target in _LISTS:
            listed = cells.items(cell)
            if listed is None:
                listed = [str(cell)] if target == "addresses" else cells.split(str(cell).replace(":::", ","))
            given[target] = [*given.get(target, []), *(str(item).strip() for item in listed)]
        elif target in noun.table.names or target in (NAME, ORGANIZATION):
            text = str(cell).strip()
            texts[target] = f"{texts[target]}\n{text}" if target == "other" and target in texts else text
        else:
            fields[target] = cells.joined(cell) if isinstance(cell, list) else cell
    if noun is CONTACTS and (name := texts.pop(NAME, "")) and not (texts.get("given_name") or texts.get("family_name")):
        texts["given_name"], _, texts["family_name"] = name.partition(" ")
    organization = texts.pop(ORGANIZATION, "")
    given |= texts
    if fields:
        given["fields"] = fields
    return given, organization


def _store(ctx: Ctx, noun: Noun[Any], team: Team, given: dict[str, Any], organization: str, *, match: bool) -> str:
    """Create or update an entry. Returns which of the outcomes it is."""
    if not given:
        raise BadCell("has no value in a column that is imported")
    if organization:
        given = {**given, "org_links": [{"key": _organization(ctx, team, organization)}]}
    before = entries.find_match(ctx, noun, team.key, given) if match else None
    if before is None:
        entries.create(ctx, noun, team.key, given)
        return "created"
    lists = (*noun.lists, "org_links")
    known = {"org_links": [{"key": link.key} for link in before.org_links]}
    more = {name: [*known.get(name, getattr(before, name, [])), *given[name]] for name in lists if given.get(name)}
    after = entries.edit(ctx, noun, before.key, {**given, **more})
    return "unchanged" if after == before else "updated"


def _organization(ctx: Ctx, team: Team, name: str) -> str:
    """The organization with this name; a new one if there is none."""
    (kind, value), *_ = contact_access.name_identities(name)
    row = ctx.db.row(
        """
        SELECT key FROM identifiers
        WHERE team_key = :team AND noun = 'organizations' AND kind = :kind AND value = :value ORDER BY key LIMIT 1
        """,
        team=team.key,
        kind=kind,
        value=value,
    )
    return row[0] if row else entries.create(ctx, ORGANIZATIONS, team.key, {"name": name}).key


# Exports


def page(ctx: Ctx, noun: Noun[Any], team_key: str, after: str, limit: int) -> list[Any]:
    """A page of the entries that the actor may see."""
    return contact_access.page(ctx, noun, team_key, after_key=after, saved_since=0, limit=limit)


def record_export(ctx: Ctx, noun: Noun[Any], team_key: str, form: str) -> None:
    """Record the export, for the audit log."""
    team = teams.get(ctx, team_key)
    events.record(ctx, "team.exported", team, team_key=team.key, subject=noun.name, what=form.upper())


def heading(noun: Noun[Any], team: Team) -> list[str]:
    """The heading of an export as CSV."""
    names = [*HEADINGS[noun.name], *_COMMON]
    shown = [_SHOWN.get(name, name.replace("_", " ").capitalize()) for name in names]
    return [*shown, *(field.name for field in custom_fields.fields_of(team, noun.name)), "Key"]


def lines(ctx: Ctx, noun: Noun[Any], team: Team, found: Sequence[Any]) -> list[list[Any]]:
    """The entries as rows of CSV. An import reads them again."""
    named = organization_names(ctx, found)
    fields = custom_fields.fields_of(team, noun.name)
    labels = {field.key: {option.key: option.name for option in field.options} for field in fields}
    rows = []
    for each in found:
        row: list[Any] = []
        for name in (*HEADINGS[noun.name], *_COMMON):
            value = named.get(each.key, "") if name == ORGANIZATION else getattr(each, name)
            row.append(_joined(name, value) if isinstance(value, list) else value or "")
        for field in fields:
            value = each.fields.get(field.key, "")
            known = labels[field.key]
            row.append(", ".join(known.get(part, part) for part in value.split(",")) if known and value else value)
        rows.append([*row, each.key])
    return rows


def _joined(name: str, value: list[str]) -> str:
    """A list as one cell. Addresses have commas, so several are JSON."""
    if not value or name != "addresses":
        return cells.joined(value) if value else ""
    return value[0] if len(value) == 1 and value[0][:1] != "[" else msgspec.json.encode(value).decode()


def organization_names(ctx: Ctx, found: Sequence[Any]) -> dict[str, str]:
    """The name of the first organization of each entry, as far as the actor sees it."""
    first = {each.key: each.org_links[0].key for each in found if each.org_links}
    seen = contact_access.by_keys(ctx, ORGANIZATIONS, list(set(first.values()))) if first else []
    names = {each.key: ORGANIZATIONS.title(each) for each in seen}
    return {key: names[other] for key, other in first.items() if other in names}


def card(noun: Noun[Any], each: Any, organization: str) -> dict[str, Any]:
    """An entry as `lib/vcards` writes it."""
    shown = {_wire(name): getattr(each, name) for name in noun.table.names if name in {*members(noun), *_LISTS}}
    kind = {} if noun is CONTACTS else {"kind": "org"}
    return {**shown, **kind, "name": noun.title(each), "organization": organization, "key": each.key}
