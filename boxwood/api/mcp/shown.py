"""What tools answer: short forms of the API's answers, with names in place of keys and times that can be read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def moment(ms: Any) -> str | None:
    """A time in milliseconds as ISO 8601 in UTC."""
    if not isinstance(ms, int):
        return None
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def box(given: Json) -> Json:
    names = given.get("names") or {}
    return _filled(
        key=given.get("key") or given.get("boxKey"),
        name=given.get("name"),
        pipeline=names.get("pipeline") or given.get("pipelineKey"),
        stage=names.get("stage") or given.get("stageKey"),
        fields=names.get("fields") or given.get("fields"),
        assignees=[person.get("email") for person in given.get("assignedToSharingEntries", ())],
        notes=given.get("notes"),
        contacts=[link["key"] for link in given.get("contacts", ())],
        organizations=[link["key"] for link in given.get("organizations", ())],
        openTasks=given.get("taskIncompleteCount"),
        overdueTasks=given.get("taskOverdueCount"),
        brokenRules=[rule.get("message") or rule.get("name") for rule in given.get("violations", ())],
        created=moment(given.get("creationTimestamp")),
        updated=moment(given.get("lastUpdatedTimestamp")),
        inStageSince=moment(given.get("lastStageChangeTimestamp")),
    )


def task(given: Json) -> Json:
    return _filled(
        key=given.get("key"),
        text=given.get("text"),
        box=given.get("boxKey"),
        done=given.get("status") == "DONE",
        due=moment(given.get("dueDate")),
        assignees=[person.get("email") for person in given.get("assignedToSharingEntries", ())],
    )


def comment(given: Json) -> Json:
    return _filled(key=given.get("key"), box=given.get("boxKey"), text=given.get("message"))


def draft(given: Json) -> Json:
    names = {"box": "boxKey", "thread": "threadKey"}
    members = ("key", "version", "kind", "to", "cc", "subject", "text", "html")
    return _filled(**{name: given.get(name) for name in members}, **{n: given.get(w) for n, w in names.items()})


_DIRECTORY = (
    *("key", "name", "givenName", "familyName", "title", "other", "emailAddresses", "phoneNumbers", "addresses"),
    *("domains", "industry", "employeeCount", "twitterHandle", "linkedinHandle", "fields"),
)


def entry(given: Json) -> Json:
    """A contact or an organization."""
    return _filled(**{name: given.get(name) for name in _DIRECTORY})


def found(given: Json, names: dict[tuple[str, str], tuple[str, str]]) -> Json:
    """The results of a search, and how many there are of each noun. `names` holds the names of pipelines and stages by
    their keys."""
    counts = {each["noun"]: f"{each['count']}+" if each["more"] else each["count"] for each in given["facets"]}
    return {
        "results": [_match(each, names) for each in given["results"]],
        "counts": {noun: count for noun, count in counts.items() if count},
    }


def _match(given: Json, names: dict[tuple[str, str], tuple[str, str]]) -> Json:
    keys = given.get("pipelineKey"), given.get("stageKey")
    pipeline_name, stage_name = names.get((keys[0] or "", keys[1] or ""), keys)
    return _filled(
        noun=given["noun"],
        key=given["key"],
        name=given.get("name"),
        box=given.get("boxKey"),
        boxName=given.get("boxName"),
        pipeline=pipeline_name,
        stage=stage_name,
        when=moment(given.get("timestamp")),
        matches=[each["text"] for each in given.get("snippets", ()) if each["text"] != given.get("name")],
    )


def change(given: Json) -> Json:
    """An entry of a history."""
    return _filled(
        change=given.get("change"),
        when=moment(given.get("timestamp")),
        who=(given.get("actor") or {}).get("displayName"),
        through=(given.get("via") or {}).get("name"),
        what=given.get("story"),
        before=given.get("before"),
        after=given.get("after"),
        undoes=given.get("undoes"),
    )


def expected(given: Json) -> Json:
    """What a dry run or a proposal would change, and what would follow."""
    changes = [
        _filled(
            what=each.get("story") or each.get("kind"),
            name=each.get("name"),
            key=each.get("objectKey"),
            before=each.get("before"),
            after=each.get("after"),
        )
        for each in given.get("changes", ())
    ]
    effects = {name: value for name, value in (given.get("effects") or {}).items() if value}
    return {"changes": changes, "effects": effects}


def pipeline(given: Json, counts: bool = False) -> Json:
    """A pipeline as its schema: the values that stages and fields allow."""
    order = given.get("stageOrder") or list(given.get("stages", {}))
    stages = [_stage(given["stages"][key], counts) for key in order if key in given.get("stages", {})]
    return _filled(
        key=given["key"],
        name=given["name"],
        description=given.get("description"),
        team=given.get("teamKey"),
        boxes=given.get("boxCount") if counts else None,
        stages=stages,
        fields=[field(each) for each in given.get("fields", ())],
    )


def _stage(given: Json, counts: bool) -> Json:
    return _filled(key=given["key"], name=given["name"], boxes=given.get("boxCount") if counts else None)


_VALUES = {
    "TEXT_INPUT": "text or a number",
    "DATE": "a day such as 2026-03-31, or milliseconds since 1970",
    "PERSON": "a list of e-mail addresses of users",
    "CHECKBOX": "true or false",
    "DROPDOWN": "one of the options",
    "TAG": "a list of options",
    "FORMULA": "computed: it cannot be set",
    "TEAM_CONTACT": "a list of contact keys",
    "TEAM_ORGANIZATION": "a list of organization keys",
}


def field(given: Json) -> Json:
    kind = given["type"]
    options = (given.get("dropdownSettings") or given.get("tagSettings") or {}).values()
    labels = [each.get("name") or each.get("tag") for items in options if isinstance(items, list) for each in items]
    return _filled(name=given["name"], key=given["key"], type=kind, takes=_VALUES.get(kind), options=labels)


def team(given: Json) -> Json:
    members = [
        {"email": each.get("email"), "name": each.get("fullName") or each.get("displayName"), "role": each.get("role")}
        for each in given.get("members", ())
    ]
    return {"key": given["key"], "name": given["name"], "members": members}


def _filled(**given: Any) -> Json:
    """The members that have a value. Zero and False are values."""
    return {name: value for name, value in given.items() if value not in (None, "", [], {})}
