"""Compares what is at the source with what is here, member by member. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ....errors import Problem
from ...context import Ctx
from ...people import old_keys
from ...people.contact_access import Noun
from ...pipelines import schema
from . import boxes as box_import
from . import entries as entry_import
from . import inside as inside_import
from . import pipelines as pipeline_import
from . import reading
from . import snippets as snippet_import
from .entries import JOINED
from .imports import NEW, REFUSED, SAME, Report
from .inside import Content
from .pipelines import Schema
from .reading import Json, Names

THERE = "there"
"""The count of what a dry run does not read one by one."""
DIFFERENT = "different"


def _settle(
    report: Report, noun: str, key: str, name: str, there: Mapping[str, Any], here: Mapping[str, Any] | None
) -> None:
    """Count the thing, and note each member that differs."""
    if here is None:
        report.count(noun, NEW)
        return
    differing = [member for member in there if there[member] != here.get(member)]
    for member in differing:
        report.differ(noun, key, name, member, there[member], here.get(member))
    report.count(noun, DIFFERENT if differing else SAME)


def pipeline(ctx: Ctx, wanted: Schema, report: Report) -> None:
    present = pipeline_import.here(ctx, wanted.pipeline.key)
    name = wanted.pipeline.name
    _settle(report, "pipelines", wanted.pipeline.key, name, wanted.compared(), present.compared() if present else None)
    if present is None:
        report.count("stages", NEW, len(wanted.stages))
        report.count("fields", NEW, len(wanted.fields))


def entries(
    ctx: Ctx, noun: Noun[Any], given: Sequence[Json], names: Names, fields: Mapping[str, dict[str, str]], report: Report
) -> None:
    keys = [str(each.get("key")) for each in given]
    joined = old_keys.resolve(ctx.db, keys)
    names.things.update(joined)
    present = entry_import.here(ctx, noun, keys)
    for each in given:
        wanted = _read(report, noun.name, each, lambda e=each: reading.entry(e, noun, names, fields.get(noun.name, {})))
        if wanted is None:
            continue
        if wanted.key in joined:
            report.count(noun.name, JOINED)
            continue
        here = present.get(wanted.key)
        _settle(
            report,
            noun.name,
            wanted.key,
            noun.title(wanted),
            entry_import.compared(noun, wanted) | _links(each, names),
            entry_import.compared(noun, here) | _links_here(here) if here else None,
        )


def _links(given: Json, names: Names) -> dict[str, Any]:
    lists = {name: reading.links(given, name, names) for name in ("contactLinks", "orgLinks")}
    return {name: sorted([key, magic] for key, magic, _ in found) for name, found in lists.items()}


def _links_here(here: Any) -> dict[str, Any]:
    lists = {"contactLinks": here.contact_links, "orgLinks": here.org_links}
    return {name: sorted([link.key, link.is_magic] for link in found) for name, found in lists.items()}


def boxes(ctx: Ctx, pipeline: Json, given: Sequence[Json], names: Names, report: Report) -> None:
    found = pipeline_import.here(ctx, str(pipeline["key"]))
    if found is None:
        report.count("boxes", NEW, len(given))
        return
    fields = schema.fields_by_key(ctx, found.pipeline.key)
    present = box_import.here_unlocked(ctx, [str(each.get("key")) for each in given])
    order = found.pipeline.stage_order
    for each in given:
        wanted = _read(report, "boxes", each, lambda e=each: reading.box(e, found.pipeline.key, order, fields, names))
        if wanted is None:
            continue
        here = present.get(wanted.key)
        _settle(
            report,
            "boxes",
            wanted.key,
            wanted.name,
            box_import.compared(wanted, fields) | _whole(wanted, reading.texts(each.get("linkedBoxKeys")), each),
            box_import.compared(here, fields) | _whole(here, here.linked_box_keys, each) if here else None,
        )


def _whole(each: Any, linked: list[str], source: Json) -> dict[str, Any]:
    """The members that only a comparison looks at: what users do not edit, and links to other boxes."""
    history = [[stay.stage_key, stay.entered_at, stay.finished_ms] for stay in each.stage_history]
    return {
        "linkedBoxKeys": sorted(linked),
        "stageHistory": history,
        "creator": each.creator_key,
        "createdAt": each.created_at,
        "emailAddresses": sorted(each.emails.addresses),
    }


def inside(ctx: Ctx, source: Json, content: Content, names: Names, report: Report) -> None:
    box = box_import.here_unlocked(ctx, [str(source["key"])]).get(str(source["key"]))
    thread_keys = {str(each.get("key")) for each in content.threads}
    for noun, kind in inside_import.KINDS.items():
        given: list[Json] = getattr(content, noun)
        if box is None:
            report.count(noun, NEW, len(given))
            continue
        present = inside_import.here(ctx, kind, [str(each.get("key")) for each in given]) if given else {}
        read: Any = {
            "tasks": lambda e: reading.task(e, box, names),
            "comments": lambda e: reading.comment(e, box, names),
            "meetings": lambda e: reading.meeting(e, box, names),
            "threads": lambda e: reading.thread(e, box, names),
            "files": lambda e: reading.file(e, box, names, thread_keys),
        }[noun]
        for each in given:
            wanted = _read(report, noun, each, partial(read, each))
            if wanted is None:
                continue
            here = present.get(wanted.key)
            _settle(
                report,
                noun,
                wanted.key,
                str(source.get("name")),
                inside_import.compared(kind, wanted) | _author(kind, wanted) | _size(noun, wanted),
                inside_import.compared(kind, here) | _author(kind, here) | _size(noun, here) if here else None,
            )


def _author(kind: inside_import.Kind, each: Any) -> dict[str, Any]:
    return {kind.author: getattr(each, kind.author), "createdAt": each.created_at}


def _size(noun: str, each: Any) -> dict[str, Any]:
    return {"size": each.size} if noun == "files" else {}


def snippets(ctx: Ctx, given: Sequence[Json], pipeline_keys: set[str], names: Names, report: Report) -> None:
    _simple(ctx, "snippets", given, lambda each: reading.snippet(each, pipeline_keys, names), report)


def views(ctx: Ctx, given: Sequence[Json], pipeline_key: str, names: Names, report: Report) -> None:
    _simple(ctx, "views", given, lambda each: snippet_import.view(each, pipeline_key, names), report)


def _simple(ctx: Ctx, noun: str, given: Sequence[Json], read: Any, report: Report) -> None:
    present = snippet_import.here(ctx, noun, [str(each.get("key")) for each in given])
    for each in given:
        wanted = _read(report, noun, each, partial(read, each))
        if wanted is not None:
            here = present.get(wanted.key)
            there = snippet_import.compared(noun, wanted)
            _settle(report, noun, wanted.key, wanted.name, there, snippet_import.compared(noun, here) if here else None)


def _read(report: Report, noun: str, given: Json, read: Any) -> Any:
    try:
        return read()
    except Problem as problem:
        report.note(noun, str(given.get("key")), str(given.get("name") or ""), str(problem))
        report.count(noun, REFUSED)
        return None
