"""Tools that write. Each takes `dryRun`, and each answer says what was changed and how to take it back."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from . import shown
from .arguments import WrongArgument
from .operations import Operations, perform
from .paths import at

Given = dict[str, Any]


async def _write(
    operations: Operations,
    given: Given,
    path: str,
    body: Given,
    noun: str,
    short: Callable[[shown.Json], shown.Json],
    **query: Any,
) -> shown.Json:
    """Send a write. The answer is the thing and the change, or what a dry run or a proposal would change."""
    if given.get("dryRun"):
        query["dryRun"] = "true"
    reply = await perform(operations, "POST", path, query, body)
    answer = reply.json()
    if answer.get("dryRun") and "proposal" not in answer:
        said = "This was a dry run: nothing was changed. Call the tool again without dryRun to make these changes."
        return {"dryRun": True, "message": said, **shown.expected(answer)}
    if proposal := answer.get("proposal"):
        said = (
            "This key may only propose: nothing was changed. The changes wait as a proposal until a person approves "
            "them in Boxwood under Proposals (/proposals). Tell the user so, and do not send them again."
        )
        about = {"key": proposal["key"], "state": proposal["state"], "ends": shown.moment(proposal["endTimestamp"])}
        return {"proposed": True, "message": said, "proposal": about, **shown.expected(answer)}
    if not reply.change:
        return {noun: short(answer), "message": "Nothing was changed: everything was so already."}
    return {noun: short(answer), "change": reply.change}


async def create_box(operations: Operations, given: Given) -> shown.Json:
    path = at("/v2/pipelines/{}/boxes", pipeline=given["pipeline"])
    return await _write(operations, given, path, _box(given), "box", shown.box, names="true")


async def update_box(operations: Operations, given: Given) -> shown.Json:
    body = _box(given)
    if not body:
        raise WrongArgument("box: give what to change: name, fields, notes, assignees, contacts or organizations")
    return await _write(operations, given, at("/v1/boxes/{}", box=given["box"]), body, "box", shown.box, names="true")


async def move_box(operations: Operations, given: Given) -> shown.Json:
    body = {"stageKey": given["stage"], **({"pipelineKey": given["pipeline"]} if "pipeline" in given else {})}
    return await _write(operations, given, at("/v1/boxes/{}", box=given["box"]), body, "box", shown.box, names="true")


def _box(given: Given) -> Given:
    body: Given = {name: given[name] for name in ("name", "notes", "fields") if name in given}
    if "stage" in given:
        body["stageKey"] = given["stage"]
    if "assignees" in given:
        body["assignedToSharingEntries"] = _people(given["assignees"])
    for name in ("contacts", "organizations"):
        if name in given:
            body[name] = [{"key": key} for key in given[name]]
    return body


def _people(names: list[str]) -> list[str]:
    return [name.strip() for name in names]


async def save_contact(operations: Operations, given: Given) -> shown.Json:
    return await _save_entry(operations, given, "contacts", "contact")


async def save_organization(operations: Operations, given: Given) -> shown.Json:
    return await _save_entry(operations, given, "organizations", "organization")


async def _save_entry(operations: Operations, given: Given, plural: str, noun: str) -> shown.Json:
    team = given.get("team") or await _only_team(operations)
    body = {name: value for name, value in given.items() if name not in ("team", "dryRun")}
    path = at("/v2/teams/{}/", team=team) + f"{plural}/upsert"
    return await _write(operations, given, path, body, noun, shown.entry)


async def _only_team(operations: Operations) -> str:
    found = (await perform(operations, "GET", "/v2/users/me/teams", {"limit": 20})).json()["results"]
    if len(found) != 1:
        names = ", ".join(repr(team["name"]) for team in found)
        raise WrongArgument(f"team: is required, because you are in {len(found)} teams: {names}")
    key: str = found[0]["key"]
    return key


async def add_comment(operations: Operations, given: Given) -> shown.Json:
    path = at("/v2/boxes/{}/comments", box=given["box"])
    return await _write(operations, given, path, {"message": given["text"]}, "comment", shown.comment)


async def save_task(operations: Operations, given: Given) -> shown.Json:
    if ("box" in given) == ("task" in given):
        raise WrongArgument(
            "box: give either the key of a box, for a new task, or `task`, the key of the task to change"
        )
    if "box" in given and not given.get("text"):
        raise WrongArgument("text: is required for a new task: what is to be done")
    body: Given = {"text": given["text"]} if "text" in given else {}
    if "due" in given:
        body["dueDate"] = given["due"]
    if "assignees" in given:
        body["assignedToSharingEntries"] = _people(given["assignees"])
    if "done" in given:
        body["status"] = "DONE" if given["done"] else "NOT_DONE"
    path = at("/v2/boxes/{}/tasks", box=given["box"]) if "box" in given else at("/v2/tasks/{}", task=given["task"])
    return await _write(operations, given, path, body, "task", shown.task)


async def draft_mail(operations: Operations, given: Given) -> shown.Json:
    """Create or change a draft. No tool sends one: a text that an assistant read must not be able to send mail."""
    is_new = "draft" not in given
    if not is_new and "version" not in given:
        raise WrongArgument("version: is required with `draft`: the version that was returned with it")
    quotes = is_new and given.get("how", "new") != "new"
    if quotes and "message" not in given:
        raise WrongArgument("message: is required for an answer or a forward: the key of the message")
    names = {"box": "boxKey", "how": "kind", "message": "messageKey"}
    body: Given = {names.get(name, name): value for name, value in given.items() if name not in ("draft", "dryRun")}
    above = body.pop("text", "") if quotes else ""
    if not is_new and "text" in body:
        body["html"] = ""
    path = "/v2/drafts" if is_new else at("/v2/drafts/{}", draft=given["draft"])
    if above:
        filled = (await perform(operations, "POST", path, {"dryRun": "true"}, body)).json()
        body["html"] = _paragraphs(above) + filled["html"]
    reply = await _write(operations, given, path, body, "draft", shown.draft)
    if "draft" not in reply:
        return reply
    said = "This is a draft and was not sent. Tell the user to read it in Boxwood under E-mail, and to send it there."
    return {"draft": reply["draft"], "message": said}


def _paragraphs(plain: str) -> str:
    lines = html.escape(plain.strip(), quote=False).replace("\r\n", "\n").split("\n\n")
    return "".join(f"<p>{line.replace(chr(10), '<br>')}</p>" for line in lines)


async def undo(operations: Operations, given: Given) -> shown.Json:
    return await _write(operations, given, "/v2/undo", {"change": given["change"]}, "undone", _undone)


def _undone(given: shown.Json) -> shown.Json:
    short: shown.Json = {"events": len(given.get("undone", ()))}
    if given.get("hasMore"):
        short["message"] = "More events of this change remain: call undo again with the same change."
    return short
