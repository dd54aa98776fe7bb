"""Writes the examples of the API reference from a running server, so that two runs write the same files.

    python -m tests.examples       what bin/examples runs: writes boxwood/api/examples/*.json

Each operation is sent in a separate world, with a clock that advances only by a second with each request. Keys, secrets
and addresses differ in every run, so they are replaced by fixed values in the order in which they occur.
"""

import contextlib
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import msgspec

from boxwood.api.examples import HERE, Example
from boxwood.api.http.openapi import endless, tag
from boxwood.api.http.router import Route
from boxwood.api.routes import ROUTES
from boxwood.core import cel
from boxwood.core.pipelines import formulas
from boxwood.lib import ids, tokens
from tests.conftest import Clock, Person, Server, Store, World
from tests.streak import matrix
from tests.things import AUTOMATION, MAIL, MAILBOX, MAKE, PASSWORD, Things

START = 1_767_603_600_000
TOMORROW = START + 86_400_000
"""5 January 2026, 9:00 UTC, in milliseconds since the epoch."""
KIM = {"givenName": "Kim", "familyName": "Lee", "title": "Buyer", "emailAddresses": ["kim@client.example"]}
LTD = {"name": "Client Ltd", "domains": ["client.example"], "industry": "Trade"}
MAIL_SETTINGS = {"smtpUrl": "smtp://mail.example:587", "from": "crm@team.example", "baseUrl": "https://crm.example"}
OPEN = {"field": "stage", "op": "ne", "value": "5003"}
WHOLE_SERVER = ("/v2/settings", "/v2/session/forgotten")
"""Paths that depend on settings which only the owners of the server's first team may change."""

# Requests for operations that tests/things.py does not cover; other operations use those of the endpoint matrix.
SENT: dict[str, dict[str, Any]] = {
    "POST /v2/pipelines/{pipeline}/import/preview": {
        "content": b"Company;Value\nAcme;1200\nInitech;800\n",
        "params": {"mapping": '{"Company": "name"}'},
        "headers": {"Content-Type": "text/csv"},
    },
    "POST /v2/teams/{team}/contacts/import": {
        "content": b"First Name,Email,Company\nLou,lou@other.example,Other Ltd\n",
        "headers": {"Content-Type": "text/csv"},
    },
    "POST /v2/teams/{team}/organizations/import": {
        "content": b"Name,Website,Industry\nThird Ltd,third.example,Music\n",
        "headers": {"Content-Type": "text/csv"},
    },
    "POST /v2/session": {"after": ["session"], "json": {"email": "{email}", "password": PASSWORD}},
    "POST /v2/session/link": {"json": {"token": "{welcome}", "password": PASSWORD}},
    "POST /v2/session/link/look": {"json": {"token": "{welcome}"}},
    "POST /v2/session/password": {"json": {"current": PASSWORD, "password": "eight red foxes"}},
    "POST /v2/session/forgotten": {"after": ["mail"], "json": {"email": "{email}"}},
    "POST /v2/session/totp": {"json": {"password": PASSWORD}},
    "POST /v2/session/totp/confirm": {"json": {"code": "{code}"}},
    "POST /v2/session/totp/codes": {"after": ["factor"], "json": {"password": PASSWORD}},
    "POST /v2/session/totp/remove": {"after": ["factor"], "json": {"password": PASSWORD}},
    "POST /v2/teams/{team}/members/{user}": {"json": {"role": "Owner"}},
    "POST /v2/teams/{team}/members/{user}/leave": {"json": {"reassignTo": "{email}"}},
    "POST /v2/pipelines/{pipeline}/formulas/preview": {"json": {"formula": "=LEN($'Name')"}, "after": ["box"]},
    "POST /v2/automations": {"params": {"pipelineKey": "{pipeline}"}, "json": AUTOMATION},
    "POST /v2/teams/{team}/automations": {
        "json": {
            "name": "Greet",
            "trigger": {"type": "contact.created"},
            "steps": [
                {"type": "http.request", "with": {"method": "POST", "url": "https://chat.example/hook", "json": {}}}
            ],
        }
    },
    "POST /v2/automations/{automation}": {"json": {"name": "Won deals"}},
    "POST /v2/automations/{automation}/test": {"json": {"boxKey": "{box}"}},
    "GET /v2/automations/{automation}/runs": {"after": ["run"]},
    "POST /v2/automations/{automation}/runs/{run}/retry": {"after": ["cancelled"]},
    "POST /v1/users/{user}": {"json": {"firstName": "Ada", "timezoneId": "Europe/London"}},
    "POST /v2/mailboxes": {"json": MAILBOX},
    "GET /v2/pipelines/{pipeline}/dropbox": {"after": ["dropbox"]},
    "GET /v2/mailboxes": {"after": ["mailbox"]},
    "POST /v2/mailboxes/{mailbox}": {"json": {"share": "subject", "sending": {"signature": "<p>Ada</p>"}}},
    "GET /v2/senders": {"after": ["sender"]},
    "GET /v2/drafts": {"after": ["draft"]},
    "POST /v2/drafts": {"json": {"kind": "reply", "messageKey": "{message}", "mailboxKey": "{sender}"}},
    "POST /v2/drafts/{draft}": {"json": {"cc": ["bo@client.example"], "version": 1}},
    "POST /v2/drafts/{draft}/files": {"files": {"file": ("offer.txt", b"One hundred", "text/plain")}},
    "POST /v2/drafts/{draft}/send": {"json": {"undoSeconds": 30}},
    "GET /v2/mailings": {"after": ["recipient"]},
    "GET /v2/mailings/{mailing}": {"after": ["started_mailing"]},
    "POST /v2/mailings/{mailing}": {"json": {"subject": "Our offer in spring"}},
    "GET /v2/mailings/{mailing}/recipients": {"after": ["recipient"]},
    "POST /v2/mailings/{mailing}/recipients": {"json": {"pipelineKey": "{pipeline}"}, "after": ["box"]},
    "POST /v2/mailings/{mailing}/recipients/{recipient}": {"json": {"subject": "Our offer for you"}},
    "POST /v2/mailings/{mailing}/preview": {"after": ["recipient"]},
    "POST /v2/mailings/{mailing}/test": {"after": ["recipient"]},
    "POST /v2/mailings/{mailing}/start": {"after": ["recipient"]},
    "POST /v2/mailings/{mailing}/pause": {"after": ["started_mailing"]},
    "POST /v2/mailings/{mailing}/resume": {"after": ["paused_mailing"]},
    "POST /v2/mailings/{mailing}/cancel": {"after": ["started_mailing"]},
    "GET /v2/sequences": {"after": ["sequencerun"]},
    "POST /v2/sequences/{sequence}": {"json": {"settings": {"timeZone": "Europe/Berlin", "stopOn": ["reply"]}}},
    "POST /v2/sequences/{sequence}/start": {
        "json": {"boxKeys": ["{box}"], "contactKeys": ["{contact}"], "mailboxKey": "{sender}"}
    },
    "GET /v2/sequences/{sequence}/runs": {"after": ["sequencerun"]},
    "GET /v2/boxes/{box}/sequenceruns": {"after": ["sequencerun"]},
    "GET /v2/letters": {"params": {"boxKey": "{box}"}, "after": ["letter"]},
    "POST /v2/letters/{letter}/resolve": {"json": {"as": "draft"}, "after": ["doubtful"]},
    "POST /v2/sendlaters": {
        "json": {
            "toAddresses": ["kim@client.example"],
            "subject": "Our offer",
            "body": "<p>It ends on Friday.</p>",
            "sendDate": TOMORROW,
            "mailboxKey": "{sender}",
        }
    },
    "POST /v2/teams": {"json": {"name": "Support", "members": [{"email": "{email}"}]}},
    "POST /v2/teams/{team}": {"json": {"name": "Sales and support"}},
    "POST /v1/pipelines/{pipeline}": {"json": {"name": "Sales 2026", "description": "All we hope to sell"}},
    "POST /v2/pipelines": {
        "json": {
            "name": "Hiring",
            "teamKey": "{team}",
            "stages": ["Applied", "Invited", "Hired"],
            "fields": [{"name": "Salary", "type": "TEXT_INPUT"}],
        }
    },
    "POST /v2/pipelines/{pipeline}": {"json": {"stageColorTheme": "LAKESIDE_FADED"}},
    "POST /v1/pipelines/{pipeline}/stages/{stage}": {"json": {"name": "Haggling"}},
    "POST /v2/pipelines/{pipeline}/stages": {
        "json": {"name": "Haggling", "color": {"foregroundColor": "#ffffff", "backgroundColor": "#336699"}}
    },
    "POST /v2/pipelines/{pipeline}/stages/{stage}": {"json": {"name": "Haggling"}},
    "POST /v2/pipelines/{pipeline}/fields": {"json": {"name": "Signed", "type": "DATE"}},
    "POST /v1/pipelines/{pipeline}/fields/{field}": {"json": {"name": "Amount"}},
    "GET /v1/pipelines/{pipeline}/boxes": {"params": {"limit": "2", "page": "0"}, "after": ["box"]},
    "GET /v2/pipelines/{pipeline}/boxes": {
        "params": {"filter": json.dumps(OPEN), "sort": "-lastUpdatedTimestamp", "limit": "2"},
        "after": ["box"],
    },
    "GET /v2/pipelines/{pipeline}/board": {"after": ["box"]},
    "POST /v1/pipelines/{pipeline}/boxes": {"json": {"name": "Acme", "stageKey": "5002"}},
    "POST /v2/pipelines/{pipeline}/boxes": {
        "json": {"name": "Acme", "stageKey": "5002", "assignedToSharingEntries": [{"email": "{email}"}]}
    },
    "POST /v2/pipelines/{pipeline}/boxes/upsert": {"json": {"match": "name", "name": "Acme", "notes": "Met again"}},
    "POST /v2/batch": {
        "json": {
            "operations": [
                {"method": "POST", "path": "/v1/boxes/{box}", "body": {"stageKey": "5002"}},
                {"method": "POST", "path": "/v2/boxes/{box}/comments", "body": {"message": "Moved on"}},
            ]
        }
    },
    "POST /v1/boxes/{box}": {"json": {"stageKey": "5002", "fields": {"{field}": 1200}}},
    "POST /v1/boxes/{box}/fields/{field}": {"json": {"value": 1200}},
    "GET /v1/boxes/{box}/fields": {"after": ["field"]},
    "GET /v1/boxes/{box}/md": {"params": {"maxTokens": "1000"}, "after": ["task", "comment"]},
    "POST /v2/tasks/{task}": {"json": {"status": "DONE"}},
    "GET /v2/tasks": {"params": {"direction": "asc"}, "after": ["task"]},
    "POST /v1/reminders/{reminder}": {"json": {"message": "Call Kim again"}},
    "PUT /v1/boxes/{box}/comments": {"data": {"message": "They like it"}},
    "POST /v2/comments/{comment}": {"json": {"message": "They love it"}},
    "POST /v2/meetings/{meeting}": {"json": {"duration": 1_800_000}},
    "POST /v2/pipelines/{pipeline}/views": {
        "json": {"name": "Open ones", "filter": OPEN, "sort": ["-lastUpdatedTimestamp"], "shared": True}
    },
    "POST /v2/pipelines/{pipeline}/views/{view}": {"json": {"name": "Those we can win"}},
    "POST /v2/pipelines/{pipeline}/forms/{form}": {"json": {"thanks": "We call you back within a day."}},
    "GET /v2/pipelines/{pipeline}/views/{view}/boxes": {"after": ["box"]},
    "POST /v2/boxes/{box}/place": {"json": {"after": None, "golden": True}},
    "POST /v2/pipelines/{pipeline}/validators/{validator}": {"json": {"message": "Say what was talked about"}},
    "POST /v2/teams/{team}/contacts": {"json": KIM},
    "POST /v2/teams/{team}/contacts/upsert": {"json": KIM},
    "POST /v2/teams/{team}/contacts/fields/{field}": {"json": {"name": "Area"}},
    "POST /v2/contacts/{contact}": {"json": {"title": "Head buyer"}},
    "POST /v2/contacts/{contact}/merge": {"json": {"keys": ["{other_contact}"]}},
    "POST /v2/contacts/{contact}/unmerge": {"after": ["merged_contact"]},
    "POST /v2/teams/{team}/organizations": {"json": LTD},
    "POST /v2/teams/{team}/organizations/upsert": {"json": LTD},
    "POST /v2/teams/{team}/organizations/fields/{field}": {"json": {"name": "Branch"}},
    "POST /v2/organizations/{organization}": {"json": {"employeeCount": "250"}},
    "POST /v2/organizations/{organization}/merge": {"json": {"keys": ["{other_organization}"]}},
    "POST /v2/organizations/{organization}/unmerge": {"after": ["merged_organization"]},
    "GET /v2/calendars/{calendar}/feed.ics": {"params": {"token": "{feed}"}, "after": ["task", "meeting"]},
    "GET /v2/files/{file}/download": {"params": {"token": "{link}"}},
    "GET /v2/threads/{thread}/messages": {"after": ["message"]},
    "POST /v2/threads/{thread}/share": {"json": {"share": "subject"}},
    "POST /v2/threads/{thread}/box": {"json": {"boxKey": "{other_box}", "move": False}},
    "POST /v2/threads/{thread}/split": {"after": ["message"], "json": {"messageKeys": ["{second_message}"]}},
    "GET /v2/contacts/{contact}/threads": {"after": ["message"]},
    "GET /v2/messages/{message}/view": {"after": ["message", "reply"]},
    "GET /v2/messages/{message}/page": {"after": ["message", "reply"]},
    "GET /v2/boxes/{box}/mbox": {"after": ["message"]},
    "GET /v2/mail/suggestions": {"after": ["suggestion"]},
    "POST /v2/mail/suggestions/{suggestion}/box": {"json": {"boxKeys": ["{box}"]}},
    "GET /v2/suppressions": {"after": ["suppression"]},
    "GET /v2/suppressions/export": {"after": ["suppression"]},
    "POST /v2/suppressions": {"json": {"address": "zoe@client.example", "reason": "unsubscribe"}},
    "GET /v2/mail/blocks": {"after": ["block"]},
    "POST /v2/mail/blocks": {"json": {"domain": "shop.example"}},
    "GET /v2/pipelines/{pipeline}/mailrules": {"after": ["mailrule"]},
    "POST /v2/pipelines/{pipeline}/mailrules": {"json": {"from": "client.example", "stageKey": "5001"}},
    "POST /v2/boxes/{box}/messages": {"json": {"raw": MAIL}},
    "PUT /v1/snippets": {"data": {"snippetName": "Thanks", "snippetText": "<p>Thank you</p>", "subject": "Thank you"}},
    "POST /v1/snippets/{snippet}": {"json": {"snippetName": "Many thanks"}},
    "POST /v2/snippets/{snippet}/render": {"json": {"boxKey": "{box}"}},
    "POST /v2/webhooks/{webhook}": {"json": {"event": "BOX_CHANGE_STAGE"}},
    "POST /v2/webhooks/{webhook}/replay": {"json": {"from": START}},
    "POST /v2/teams/{team}/webhooks": {"json": {**matrix.HOOK, "event": "CONTACT_CREATE"}},
    "GET /v2/webhooks/{webhook}/deliveries": {"after": ["delivery"]},
    "POST /v2/inbound/{inbound}": {"json": {"name": "Orders of the shop"}},
    "POST /v2/teams/{team}/inbound": {"json": {"name": "Orders"}},
    "GET /v2/inbound/{inbound}/requests": {"after": ["request"]},
    "POST /v2/preferences": {"json": {"preferences": {"starred": ["{pipeline}"]}}},
    "POST /v2/settings/mail": {"json": MAIL_SETTINGS},
    "POST /v2/settings/mail/test": {"after": ["mail"]},
    "POST /v2/notifications/settings": {"json": {"digest": "daily"}},
    "GET /v2/notifications": {"after": ["mention"]},
    "POST /v2/undo": {"json": {"change": "{change}"}},
    "GET /v2/apps": {"after": ["app"]},
    "POST /v2/apps/request": {"json": {"request": "{app_request}"}},
    "GET /v2/proposals": {"after": ["proposal"]},
    "POST /v2/proposals/{proposal}": {"json": {"operations": [{"number": 1, "body": {"name": "Acme Ltd"}}]}},
    "POST /v2/proposals/{proposal}/approve": {"json": {"note": "As we agreed"}},
    "POST /v2/proposals/{proposal}/reject": {"json": {"note": "Ask them first"}},
    "GET /v2/trash": {"after": ["trashed"]},
    "GET /v2/events": {"params": {"pipelineKey": "{pipeline}", "limit": "2"}, "after": ["box"]},
    "GET /v2/events/stream": {"params": {"pipelineKey": "{pipeline}", "after": "0.0"}, "after": ["box"]},
    "GET /v2/boxes/{box}/timeline": {"params": {"filters": "COMMENTS,EMAILS"}, "after": ["comment", "message"]},
    "GET /v1/search": {"params": {"query": "acme"}, "after": ["box"]},
    "GET /v2/search/matches": {"params": {"query": "call"}, "after": ["task", "comment"]},
    "PUT /v1/pipelines/{pipeline}/newsfeed/export/full": {
        "params": {"includeSpecifics": "NEW_BOX,EDIT_STAGE"},
        "after": ["box"],
    },
}

# Operations without an example: a device creates their request, for a server with a host name and TLS; or another host
# has what they return.
LEFT_OUT = frozenset(
    {
        "GET /v2/messages/{message}/images/{image}",
        "GET /v2/teams/{team}/archive",
        "GET /v2/teams/{team}/openapi",
        "POST /v2/session/passkey",
        "POST /v2/session/passkey/options",
        "POST /v2/session/passkeys",
        "POST /v2/session/passkeys/options",
        "DELETE /v2/session/passkeys/{passkey}",
        "POST /v2/mailboxes/{mailbox}/authorize",
        "POST /v2/mailboxes/{mailbox}/headers",
    }
)


class StillClock(Clock):
    """A clock that advances by one second only when asked."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START

    def __call__(self) -> int:
        return self.now + self.ahead

    def tick(self, request: httpx.Request) -> None:
        self.now += 1000


class StillServer(Server):
    """A running server without workers, whose clock stands still."""

    def __init__(self, store: Store) -> None:
        self.still = StillClock()
        super().__init__(store.config(allow_private_webhooks=True), self.still)
        self._uvicorn.config.lifespan = "off"

    def stop(self) -> None:
        super().stop()
        self.boxwood.api.close()
        self.engine.close()
        formulas.ENGINE.close()
        cel.ENGINE.close()
        tokens.ENGINE.close()


class StillWorld(World):
    def person(self, name: str, given_name: str, family_name: str) -> Person:
        """Create each person a moment after the previous person, so that their order is fixed."""
        assert isinstance(self.clock, StillClock)
        self.clock.now += 1
        return super().person(name, given_name, family_name)

    def client(self, key: str | None) -> httpx.Client:
        client = super().client(key)
        assert isinstance(self.clock, StillClock)
        client.event_hooks["request"].append(self.clock.tick)
        return client


def label(route: Route) -> str:
    return f"{route.verb} {route.path}"


SHOWN = [route for route in ROUTES if label(route) not in LEFT_OUT]


def sent(route: Route) -> dict[str, Any]:
    """Return the request of the operation. For operations that create a thing, use the request of tests/things.py."""
    name = label(route)
    making = {f"{verb} {path}": request for verb, path, request in MAKE.values()}
    making |= {f"PUT {name.removeprefix('POST ')}": making[name] for name in [*making] if name.startswith("POST ")}
    return SENT.get(name) or making.get(name) or matrix.SENT.get(name) or {}


def capture(server: StillServer, route: Route, fresh: Callable[[], Store]) -> Example:
    """Send the operation in a separate world, or on a separate server if it concerns the whole server."""
    if route.path.startswith(WHOLE_SERVER):
        with running(fresh()) as alone:
            return _captured(alone, route)
    return _captured(server, route)


def _captured(server: StillServer, route: Route) -> Example:
    server.still.now = START
    world = StillWorld(server)
    try:
        things = Things(world)
        request = _exported(things) if label(route) == "POST /v2/pipelines/import" else dict(sent(route))
        for noun in request.pop("after", []):
            things.key(noun)
        answer = _asked(things, route, request)
        assert answer.status_code == 200, f"{label(route)} answered {answer.status_code}: {answer.text}\n{HINT}"
        return Plain(world).plain(_example(route, answer))
    finally:
        world.close()


HINT = "Add its request to SENT of tests/examples.py, or add how to create its thing to MAKE of tests/things.py."


def _exported(things: Things) -> dict[str, Any]:
    """Return an exported pipeline as the body of a request that creates it again."""
    things.key("box")
    exported = things.ask("GET", "/v2/pipelines/{pipeline}/export", {"params": {"format": "json"}})
    headers = {"Content-Type": "application/json"}
    return {"params": {"name": "Sales again"}, "content": exported.content, "headers": headers}


def _asked(things: Things, route: Route, request: dict[str, Any]) -> httpx.Response:
    if not endless(route):
        return things.ask(route.verb, route.path, request)
    asked = things.filled(request)
    with things.world.ada.http.stream("GET", f"/api{things.fill_path(route.path)}", **asked) as answer:
        body = b""
        for piece in answer.iter_bytes():
            body += piece
            if b"\ndata: " in body and body.endswith(b"\n\n"):
                break
        answer._content = body[: body.index(b"\n\n", body.index(b"\ndata: ")) + 2]
    return answer


def _example(route: Route, answer: httpx.Response) -> dict[str, Any]:
    asked = answer.request
    names, values = re.findall(r"\{(\w+)\}", route.path), _values(route.path, asked.url.path)
    kind = asked.headers.get("content-type", "").partition(";")[0]
    request = {
        "path": dict(zip(names, values, strict=True)),
        "query": dict(parse_qsl(asked.url.query.decode())),
        "type": kind,
        "body": _body(kind, asked.read()),
    }
    given = answer.headers["content-type"]
    reply = {"type": given, "body": answer.json() if "json" in given else answer.text}
    return {"request": request, "reply": reply}


def _values(path: str, asked: str) -> tuple[str, ...]:
    pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(f"/api{path}"))
    found = re.fullmatch(pattern, asked)
    assert found, (path, asked)
    return found.groups()


def _body(kind: str, body: bytes) -> Any:
    if not body:
        return None
    if "json" in kind:
        return json.loads(body)
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode()))
    if kind == "multipart/form-data":
        return {"file": "the bytes of offer.txt"}
    return body.decode()


class Plain:
    """Replaces the values of an example that differ from run to run."""

    def __init__(self, world: World) -> None:
        self._world = world
        # Keys begin with their creation time, and the clock hardly moves.
        self._key = re.compile(rf"(?<![\w-])[a-z]{re.escape(ids.new('b', START)[1:5])}[\w-]{{16}}(?![\w-])")
        self._known: dict[str, str] = {}

    def plain(self, example: dict[str, Any]) -> Example:
        text = json.dumps(example, ensure_ascii=False)
        text = text.replace(self._world.server.url, "https://crm.example").replace(
            self._world.server.url.removeprefix("http://"), "crm.example"
        )
        text = text.replace(f"w{self._world.number}.example", "team.example")
        text = re.sub(r"smtp://127\.0\.0\.1:\d+", "smtp://mail.example:587", text)
        text = re.sub(r"drop\+[0-9a-f]{20}@", "drop+5f2c1d0e9b8a76543210@", text)
        text = re.sub(r"secret=[A-Z2-7]{16,}", "secret=SHORTENED", text)
        text = self._key.sub(lambda found: self._named(found[0]), text)
        text = re.sub(r"(?<!\w)n\d{12}(?!\w)", lambda found: self._counted(found[0]), text)
        text = re.sub(r"(?<!\d)(\d{15})\d{15}(?!\d)", r"\g<1>000000000000001", text)
        text = re.sub(r"(?<![\w-])(?=[\w-]*\d)[\w-]{32,}(?![\w-])", "shortened", text)
        return msgspec.convert(_without_secrets(json.loads(text)), Example)

    def _named(self, key: str) -> str:
        """Return the replacement of a key: the same kind, and the same replacement at every place."""
        if key not in self._known:
            count = len(self._known)
            rest = hashlib.sha256(f"{key[0]}{count}".encode()).hexdigest()[:12]
            self._known[key] = key[:1] + ids.new("b", START)[1:9] + rest
        return self._known[key]

    def _counted(self, key: str) -> str:
        return self._known.setdefault(key, f"n{1001 + len(self._known):012d}")


_SECRET = (
    "apiKey",
    "secret",
    "token",
    "cursor",
    "nextPage",
    "csrfToken",
    "prefix",
    "code",
    "recoveryCodes",
    "signingSecret",
)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shown(name, item) if name in _SECRET else _without_secrets(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if isinstance(value, str) and "\ndata: " in value:
        # The database decides the order of these members.
        value = re.sub(r"(?m)(?<=^data: ).+", lambda data: json.dumps(json.loads(data[0]), sort_keys=True), value)
        return re.sub(r'(id: |"cursor": ")\d+\.\d+', r"\g<1>812.1001", value)
    return value


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_shown(name, item) for item in value]
    if not isinstance(value, str):
        return _without_secrets(value)
    return {"code": "123456", "cursor": "812.1001" if re.fullmatch(r"\d+\.\d+", value) else "eyJhdCI6WzFdfQ"}.get(
        name, f"<{name}>"
    )


@contextlib.contextmanager
def running(store: Store) -> Iterator[StillServer]:
    server = StillServer(store)
    server.start()
    yield server
    server.stop()


def write() -> None:
    """Write all examples: one file for each noun, in the order of the routes."""
    from boxwood.db import schema

    by_noun: dict[str, dict[str, Any]] = {}
    with contextlib.ExitStack() as stack:

        def fresh() -> Store:
            store = Store("sqlite", Path(stack.enter_context(tempfile.TemporaryDirectory())), None)
            schema.migrate(None, store.config().sqlite_path)
            return store

        server = stack.enter_context(running(fresh()))
        for route in SHOWN:
            by_noun.setdefault(tag(route), {})[label(route)] = capture(server, route, fresh)
    for old in HERE.glob("*.json"):
        old.unlink()
    for noun, found in by_noun.items():
        text = msgspec.json.format(msgspec.json.encode(found), indent=1)
        (HERE / f"{noun}.json").write_bytes(text + b"\n")
    print(f"{sum(map(len, by_noun.values()))} examples in {HERE}")


if __name__ == "__main__":
    sys.exit(write())
