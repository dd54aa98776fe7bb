"""The MCP server, as the official client library uses it: over HTTP in both generations of the protocol, and stdio."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import PromptReference, TextContent

from boxwood.api.mcp import tools
from tests.conftest import World, ok, refused
from tests.processes import ROOT

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
Transport = Callable[[str, str, Callable[[Client], Awaitable[None]]], Awaitable[None]]


async def modern(url: str, key: str, work: Callable[[Client], Awaitable[None]], mode: str = "2026-07-28") -> None:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60, verify=False) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
    ):
        await work(client)


async def legacy(url: str, key: str, work: Callable[[Client], Awaitable[None]]) -> None:
    await modern(url, key, work, "legacy")


async def stdio(url: str, key: str, work: Callable[[Client], Awaitable[None]]) -> None:
    program = StdioServerParameters(
        command=sys.executable,
        args=["-m", "boxwood", "mcp", "--url", url],
        env={"BOXWOOD_API_KEY": key},
        cwd=ROOT,
    )
    async with Client(program) as client:
        await work(client)


class Caller:
    """Calls tools and remembers which ones were called."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.called: set[str] = set()

    async def __call__(self, name: str, /, **given: Any) -> Any:
        result = await self.client.call_tool(name, given)
        text = "".join(part.text for part in result.content if isinstance(part, TextContent))
        assert not result.is_error, text
        self.called.add(name)
        if result.structured_content is None:
            return text
        assert json.loads(text) == result.structured_content
        return result.structured_content

    async def fails(self, name: str, /, **given: Any) -> str:
        result = await self.client.call_tool(name, given)
        assert result.is_error, result
        return "".join(part.text for part in result.content if isinstance(part, TextContent))


@pytest.mark.parametrize("transport", [modern, legacy, stdio])
def test_an_assistant_works_with_every_tool(world: World, transport: Transport) -> None:
    pipeline = world.pipeline(name="Deals")
    world.field(pipeline, "TEXT_INPUT", "Amount")
    status = {"items": [{"name": "Open"}, {"name": "Closed"}]}
    world.field(pipeline, "DROPDOWN", "Status", dropdownSettings=status)
    events = world.events

    async def work(client: Client) -> None:
        call = Caller(client)
        listed = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == [tool.name for tool in tools.TOOLS]
        for tool in listed:
            assert tool.annotations is not None
            writes = "dryRun" in tool.input_schema["properties"]
            assert tool.annotations.read_only_hint is not writes
            assert tool.annotations.destructive_hint is (writes and tool.name not in ("create_box", "add_comment"))

        schema = await call("describe_pipelines")
        assert schema["me"]["email"] == world.ada.email
        assert [each["name"] for each in schema["pipelines"]] == ["Deals"]
        schema = await call("describe_pipelines", pipeline="deals")
        assert [stage["name"] for stage in schema["stages"]] == ["Lead", "Won", "Lost"]
        assert schema["fields"][1]["options"] == ["Open", "Closed"]

        contact = await call("save_contact", emailAddresses=["grace@navy.example"], givenName="Grace")
        company = await call("save_organization", domains=["navy.example"], name="Navy")
        given = {"pipeline": "Deals", "name": "Compiler", "fields": {"Amount": "900", "Status": "Open"}}
        dry = await call("create_box", **given, dryRun=True)
        assert dry["dryRun"] is True
        assert dry["changes"][0]["what"].endswith("created Compiler in Deals")
        assert (await call("list_boxes", pipeline="Deals"))["boxes"] == []
        made = await call(
            "create_box",
            **given,
            assignees=[world.bo.email],
            contacts=[contact["contact"]["key"]],
            organizations=[company["organization"]["key"]],
        )
        box = made["box"]
        assert (box["stage"], box["fields"], box["assignees"]) == (
            "Lead",
            {"Amount": "900", "Status": "Open"},
            [world.bo.email],
        )
        key = box["key"]

        changed = await call("update_box", box=key, notes="Talk to **Grace**", fields={"Status": "closed"})
        assert changed["box"]["fields"]["Status"] == "Closed"
        assert "Nothing was changed" in (await call("update_box", box=key, fields={"Status": "Closed"}))["message"]
        moved = await call("move_box", box=key, stage="won")
        assert moved["box"]["stage"] == "Won"
        await call("add_comment", box=key, text="She agreed")
        task = (await call("save_task", box=key, text="Call Grace", due="2020-01-02"))["task"]
        assert task["due"] == "2020-01-02T00:00:00Z"
        assert [each["key"] for each in (await call("list_tasks"))["tasks"]] == [task["key"]]
        assert (await call("save_task", task=task["key"], done=True))["task"]["done"] is True

        hit = (await call("search", query="compil"))["results"][0]
        assert (hit["noun"], hit["key"], hit["pipeline"], hit["stage"]) == ("box", key, "Deals", "Won")
        found = await call("search", query="agreed")
        assert [(each["noun"], each["box"], each["pipeline"]) for each in found["results"]] == [
            ("comment", key, "Deals")
        ]
        assert found["counts"] == {"comment": 1}
        boxes = await call(
            "list_boxes", pipeline="Deals", stage="Won", filter={"field": "Amount", "op": "gt", "value": 5}
        )
        assert [each["name"] for each in boxes["boxes"]] == ["Compiler"]
        document = await call("read", key=key, history=5)
        assert "Compiler" in document
        assert "She agreed" in document
        assert "## History" in document
        assert (await call("read", key=key, format="json"))["notes"] == "Talk to **Grace**"
        assert (await call("read", key=contact["contact"]["key"], history=3))["history"][0]["what"]
        funnel = await call("report", pipeline="Deals", kind="funnel")
        assert funnel["won"] == 1

        mail = {"box": key, "to": ["grace@navy.example"], "subject": "Offer", "text": "Hello Grace\n\nBest"}
        assert (await call("draft_mail", **mail, dryRun=True))["dryRun"] is True
        draft = await call("draft_mail", **mail)
        assert "was not sent" in draft["message"]
        assert "version" in await call.fails("draft_mail", draft=draft["draft"]["key"], text="Dear Grace")
        written = draft["draft"]
        await call("draft_mail", draft=written["key"], version=written["version"], text="Dear Grace")
        (stored,) = ok(world.ada.http.get("/api/v2/drafts"))["results"]
        assert (stored["text"], stored["to"], stored["boxKey"]) == ("Dear Grace", ["grace@navy.example"], key)
        assert ok(world.ada.http.get("/api/v2/letters"))["results"] == []
        raw = "From: Eva <eva@client.example>\nTo: ada@x.example\nMessage-ID: <1@client.example>\n\nLunch?"
        message = ok(world.ada.http.post(f"/api/v2/boxes/{key}/messages", content=raw))["key"]
        answer = await call("draft_mail", how="reply", message=message, text="Gladly & soon")
        assert answer["draft"]["to"] == ["Eva <eva@client.example>"]
        assert answer["draft"]["html"].startswith("<p>Gladly &amp; soon</p>")
        assert "Lunch?" in answer["draft"]["html"]

        undone = await call("undo", change=moved["change"], dryRun=True)
        assert undone["changes"][0]["after"] == {"stageKey": "5001"}
        assert (await call("undo", change=moved["change"]))["undone"]["events"] == 1
        assert (await call("read", key=key, format="json"))["stage"] == "Lead"
        assert call.called == {tool.name for tool in tools.TOOLS}

        uris = [str(each.uri) for each in (await client.list_resources()).resources]
        assert uris == [f"boxwood://pipelines/{pipeline['key']}", f"boxwood://boxes/{key}"]
        templates = (await client.list_resource_templates()).resource_templates
        assert [each.name for each in templates] == ["box", "pipeline"]
        for uri, word in ((uris[0], "Status"), (uris[1], "Call Grace")):
            content = (await client.read_resource(uri)).contents[0]
            assert (content.mime_type, word in content.text) == ("text/markdown", True)  # type: ignore[union-attr]
        with pytest.raises(MCPError, match="no resource"):
            await client.read_resource("boxwood://boxes/b-nothing")
        names = [each.name for each in (await client.list_prompts()).prompts]
        assert names == ["my_day", "review_pipeline", "brief_me", "enter_notes"]
        prompt = await client.get_prompt("review_pipeline", {"pipeline": "Deals"})
        assert "pipeline Deals" in prompt.messages[0].content.text  # type: ignore[union-attr]
        reference = PromptReference(name="review_pipeline")
        found = await client.complete(reference, {"name": "pipeline", "value": "de"})
        assert found.completion.values == ["Deals"]
        assert "box.stage_changed" in events(key) or "box.moved" in events(key)

    asyncio.run(transport(world.server.url, world.ada.key, work))


def test_a_tool_says_which_argument_is_wrong_and_what_to_do(world: World) -> None:
    pipeline = world.pipeline(name="Deals")
    box = world.box(pipeline)
    hidden = ok(world.cy.http.post("/api/v2/pipelines", json={"name": "Secret", "stages": ["One"]}))
    wrong: list[tuple[str, dict[str, Any], list[str]]] = [
        ("search", {}, ["query", "required"]),
        ("search", {"query": "x", "limit": 0}, ["limit", "1 to 200", "not 0"]),
        ("search", {"query": "x", "colour": "red"}, ["colour", "no such argument", "query, pipeline, limit"]),
        ("search", {"query": 5}, ["query", "must be text, not 5"]),
        ("list_boxes", {"pipeline": "Deals", "stage": "Nowhere"}, ["stage", "Nowhere"]),
        ("list_boxes", {"pipeline": "Secret"}, ["pipeline", "Secret", "describe_pipelines"]),
        ("list_boxes", {"pipeline": hidden["key"]}, ["pipeline", hidden["key"], "may not see it"]),
        ("list_boxes", {"pipeline": "Deals/x"}, ["pipeline", "give the key"]),
        ("list_boxes", {"pipeline": "Deals", "filter": {"field": "Size", "op": "eq", "value": 1}}, ["filter", "Size"]),
        ("read", {"key": "Acme"}, ["key", "'Acme'", "search"]),
        ("read", {"key": "b-nothing"}, ["key", "b-nothing", "nothing is found"]),
        ("report", {"pipeline": "Deals", "kind": "pie"}, ["kind", "funnel", "'pie'"]),
        ("report", {"pipeline": "Deals", "kind": "funnel", "by": "stage"}, ["by", "totals"]),
        ("report", {"pipeline": "Deals", "kind": "funnel", "from": "soon"}, ["from", "2026-01-31", "soon"]),
        ("move_box", {"box": box["key"], "stage": "Nowhere"}, ["stage", "Nowhere"]),
        ("move_box", {"box": "b-nothing", "stage": "Won"}, ["b-nothing"]),
        ("update_box", {"box": box["key"]}, ["box", "name, fields, notes"]),
        ("update_box", {"box": box["key"], "dryRun": "yes"}, ["dryRun", "true or false"]),
        ("update_box", {"box": box["key"], "assignees": ["Zoe Zimmer"]}, ["assignees", "Zoe Zimmer"]),
        ("save_contact", {"emailAddresses": ["nonsense"]}, ["emailAddresses", "nonsense"]),
        ("save_task", {"text": "x"}, ["box", "task"]),
        ("save_task", {"box": box["key"]}, ["text", "required"]),
        ("save_task", {"box": box["key"], "text": "x", "due": "someday"}, ["due", "someday"]),
        ("undo", {"change": "n999999999999"}, ["n999999999999"]),
    ]

    async def work(client: Client) -> None:
        call = Caller(client)
        for name, given, words in wrong:
            said = await call.fails(name, **given)
            assert [word for word in words if word not in said] == [], (name, given, said)
        with pytest.raises(MCPError, match="there is no tool 'drop_tables'"):
            await client.call_tool("drop_tables", {})
        with pytest.raises(MCPError, match="pipeline: is required"):
            await client.get_prompt("review_pipeline", {})

    asyncio.run(modern(world.server.url, world.ada.key, work))


def test_a_key_that_may_only_propose_makes_proposals_through_its_tools(world: World) -> None:
    box = world.box(world.pipeline(name="Deals"))
    made = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Agent", "proposes": True}))

    async def work(client: Client) -> None:
        call = Caller(client)
        answer = await call("move_box", box=box["key"], stage="Won")
        assert answer["proposed"] is True
        assert "may only propose" in answer["message"]
        assert answer["changes"][0]["after"] == {"stageKey": "5002"}
        assert (await call("read", key=box["key"], format="json"))["stage"] == "Lead"
        assert (await call("read", key=answer["proposal"]["key"]))["state"] == "WAITING"
        dry = await call("move_box", box=box["key"], stage="Won", dryRun=True)
        assert "proposal" not in dry
        answer = await call("draft_mail", how="reply", message=mail["key"], text="Gladly")
        assert answer["proposed"] is True

    raw = "From: Eva <eva@client.example>\nTo: ada@x.example\nMessage-ID: <1@client.example>\n\nLunch?"
    mail = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/messages", content=raw))
    asyncio.run(modern(world.server.url, made["apiKey"], work))
    for waiting in ok(world.ada.http.get("/api/v2/proposals"))["results"]:
        ok(world.ada.http.post(f"/api/v2/proposals/{waiting['key']}/approve", json={}))
    (draft,) = ok(world.ada.http.get("/api/v2/drafts"))["results"]
    assert "Gladly" in draft["html"]
    assert "Lunch?" in draft["html"]
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["stageKey"] == "5002"


def message(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def test_who_and_what_may_call_is_checked_before_the_protocol(world: World) -> None:
    http, ping = world.ada.http, message("ping")

    def post(content: Any, **headers: str) -> Any:
        return http.post("/mcp", content=json.dumps(content), headers={**HEADERS, **headers})

    assert post(ping).json() == {"jsonrpc": "2.0", "id": 1, "result": {}}
    for key in (None, "bw_wrong"):
        with world.client(key) as stranger:
            answer = stranger.post("/mcp", json=ping, headers=HEADERS)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer ")
            assert stranger.get("/mcp").status_code == 401
    # A session of a browser does not count: a page of another site could send its cookie.
    with world.client(None) as browser:
        browser.cookies.set("boxwood_session", "anything")
        assert browser.post("/mcp", json=ping, headers=HEADERS).status_code == 401
    for method in ("GET", "DELETE", "PUT", "OPTIONS"):
        answer = http.request(method, "/mcp", headers={"Accept": "text/event-stream"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    refused(post(ping, Origin="https://evil.example"), 403, "origin")
    refused(post(ping, Origin="null"), 403)
    assert post(ping, Origin=world.server.url).status_code == 200
    assert post(ping, **{"Mcp-Session-Id": "from-another-process"}).status_code == 200
    refused(post(ping, Host="evil.example"), 421)
    assert post([ping, ping]).json()["error"]["message"].startswith("Batches are not part")
    for wrong, words in (
        (None, "The body must be an object"),
        ({}, "jsonrpc"),
        ({**ping, "jsonrpc": "1.0"}, "jsonrpc"),
        ({**ping, "id": 1.5}, "id"),
        ({**ping, "id": None}, "id"),
        ({**ping, "id": {"a": 1}}, "id"),
        ({**ping, "method": 5}, "method"),
        ({"jsonrpc": "2.0", "id": 1}, "method"),
        ({**ping, "params": [1]}, "params"),
    ):
        answer = post(wrong)
        assert answer.status_code == 400, wrong
        assert answer.json()["error"]["code"] == -32600
        assert answer.json()["error"]["message"].startswith(words)
    elsewhere = ok(http.put("/api/v1/apikeys", json={"allowedAddresses": ["192.0.2.1"]}))
    with world.client(elsewhere["apiKey"]) as foreign:
        refused(foreign.post("/mcp", json=message("tools/list"), headers=HEADERS), 403, "address")
    assert http.post("/mcp", content=b"{", headers=HEADERS).json()["error"]["code"] == -32700
    assert http.post("/mcp", content=b"[" * 100_000, headers=HEADERS).json()["error"]["code"] == -32700
    assert http.post("/mcp", content=b'"' + b"x" * 4_000_001 + b'"', headers=HEADERS).status_code == 413
    assert post(ping, **{"MCP-Protocol-Version": "1999-01-01"}).status_code == 400
    assert post(ping, Accept="text/html").status_code == 406
    assert post(ping, **{"Content-Type": "text/plain"}).status_code in (400, 415)
    assert post({"jsonrpc": "2.0", "method": "notifications/initialized"}).status_code == 202
    assert post(message("no/such")).json()["error"]["code"] == -32601


def test_the_library_is_loaded_with_the_first_request_only() -> None:
    code = (
        "import sys, boxwood.app, boxwood.cli; "
        "print([name for name in sys.modules if name.split('.')[0] in ('mcp', 'mcp_types', 'pydantic', 'httpx2')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_command_asks_for_a_key_and_says_when_no_server_answers() -> None:
    without = subprocess.run(
        [sys.executable, "-m", "boxwood", "mcp"], cwd=ROOT, env={}, capture_output=True, text=True, timeout=60
    )
    assert (without.returncode, "BOXWOOD_API_KEY" in without.stderr) == (1, True)

    async def work(client: Client) -> None:
        assert client.server_info is not None
        assert client.server_info.name == "boxwood"
        assert "http://127.0.0.1:9 does not answer" in await Caller(client).fails("search", query="x")

    asyncio.run(stdio("http://127.0.0.1:9", "bw_x", work))
