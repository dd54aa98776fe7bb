"""Where secrets are at rest: each is made, and searched for in the database, its files, a backup and the logs."""

import base64
import contextlib
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from boxwood.core import mail_settings
from boxwood.lib import jsonlog
from tests.api.http.test_stored_answers import contents, keyed
from tests.api.test_apps import connected
from tests.api.test_oidc import issuer as issuer
from tests.api.test_second_factors import add as add_authenticator
from tests.api.test_sessions import PASSWORD, link, welcome
from tests.conftest import Server, Store, World, ok
from tests.house.tree import ROOT

LOGGERS = ("boxwood", "uvicorn", "aiohttp", "asyncio")
"""The loggers of the server. The client of the tests logs in the same process."""
OIDC_SECRET = "oidc-client/secret:of-tests"
SMTP_PASSWORD = "smtp-password-of-tests"
READABLE = {
    "signing secret of a webhook subscription",
    "previous signing secret of a webhook subscription",
    "token of a webhook subscription",
    "secret of an inbound webhook",
    "secret of an automation",
    "signing secret of an automation",
    "secret of an authenticator app",
}
"""What the server must read again and stores as it is. SECURITY.md lists each with its reason."""


class Lines(logging.Handler):
    """Collects the lines of the log as the server writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def emit(self, record: logging.LogRecord) -> None:
        self.written += jsonlog._line(record)


@contextlib.contextmanager
def log_lines() -> Iterator[Lines]:
    """The lines of the log from now on. Not a fixture: pytest would add its own handler, which cannot format them."""
    handler, before = Lines(), {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger(name).propagate = False
    yield handler
    for name, level in before.items():
        logging.getLogger(name).removeHandler(handler)
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).propagate = True


@pytest.fixture
def stored(fresh_store: Store, issuer: str) -> Iterator[World]:
    """A world with an identity provider."""
    settings = {"oidc_issuer": issuer, "oidc_client_id": "boxwood", "oidc_client_secret": OIDC_SECRET}
    server = Server(fresh_store.config(oidc_name="Login", oidc_domains=("example.com",), **settings)).start()
    server.engine.write(lambda db: mail_settings.adopt(db, server.boxwood.keys, "", "", server.url, known=True))
    world = World(server)
    sql = "UPDATE teams SET created_at = created_at - 1 WHERE key = :key"
    server.engine.write(lambda db: db.run(sql, key=world.team_key))  # only owners of the first team set mail
    yield world
    world.close()
    server.stop()


def webhooks(world: World, pipeline: dict[str, Any]) -> dict[str, str]:
    path = f"/api/v2/pipelines/{pipeline['key']}"
    body = {"event": "BOX_CREATE", "targetUrl": "https://example.com/in", "token": "token-of-a-streak-receiver"}
    hook = ok(world.ada.http.post(f"{path}/webhooks", json=body))
    rotated = ok(world.ada.http.post(f"/api/v2/webhooks/{hook['key']}/rotate"))
    inbound = ok(world.ada.http.post(f"{path}/inbound", json={"signature": "SHARED", "verifyToken": "verify-token-x"}))
    moved = ok(world.ada.http.post(f"/api/v2/inbound/{inbound['key']}/rotate"))
    with_ = {"url": "https://example.com/x", "headers": {"Authorization": "Bearer {{ secrets.KEY }}"}}
    automation = {
        "name": "Call",
        "trigger": {"type": "box.created"},
        "secrets": {"KEY": "secret-of-an-automation"},
        "steps": [{"type": "http.request", "with": with_}],
    }
    made = ok(world.ada.http.post(f"{path}/automations", json=automation))
    return {
        "previous signing secret of a webhook subscription": hook["secret"],
        "signing secret of a webhook subscription": rotated["secret"],
        "token of a webhook subscription": body["token"],
        "address of an inbound webhook": inbound["token"],
        "rotated address of an inbound webhook": moved["token"],
        "secret of an inbound webhook": inbound["secret"],
        "verify token of an inbound webhook": "verify-token-x",
        "secret of an automation": "secret-of-an-automation",
        "signing secret of an automation": made["signingSecret"],
    }


def accounts(world: World, browser: httpx.Client) -> dict[str, str]:
    world.clock.advance(ms=30_000 - world.clock() % 30_000)
    csrf = welcome(world, world.ada, browser)["csrfToken"]
    browser.headers["X-CSRF-Token"] = csrf
    (session,) = [value for name, value in browser.cookies.items() if "session" in name]
    authenticator, codes = add_authenticator(world, browser)
    _, _, app = connected(world)
    invited = world.ada.http.post(f"/api/v2/teams/{world.team_key}/invitations", json={"email": "dee@w.example"})
    return {
        "API key": world.ada.key,
        "second API key": ok(world.ada.http.put("/api/v1/apikeys"))["apiKey"],
        "access token of an app": app["access_token"],
        "refresh token of an app": app["refresh_token"],
        "session": session,
        "CSRF token": csrf,
        "password": PASSWORD,
        "secret of an authenticator app": authenticator,
        "recovery code": codes[0],
        "last recovery code": codes[-1],
        "sign-in link": link(world, world.bo),
        "address of a calendar feed": ok(world.ada.http.post("/api/v2/calendars", json={}))["url"].rpartition("=")[2],
        "invitation": ok(invited)["link"].partition("#")[2],
    }


def links(world: World, pipeline: dict[str, Any]) -> dict[str, str]:
    box = world.box(pipeline)
    file = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/files", files={"file": ("a.txt", b"hello")}))
    shared = parse_qs(urlsplit(ok(world.ada.http.get(f"/api/v1/files/{file['key']}/link"))["link"]).query)
    assert world.ada.http.get(f"/api/v2/files/{file['key']}/download", params={"token": shared["token"][0]}).is_success
    return {"link to a file": shared["token"][0]}


def providers(world: World, browser: httpx.Client) -> dict[str, str]:
    away = browser.get("/auth/oidc", params={"next": "/"})
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    url = f"smtp://crm:{quote(SMTP_PASSWORD)}@mail.example.com"
    ok(world.ada.http.post("/api/v2/settings/mail", json={"smtpUrl": url, "from": "crm@example.com"}))
    return {
        "secret of an OpenID client": OIDC_SECRET,
        "state of a sign-in": asked["state"][0],
        "nonce of a sign-in": asked["nonce"][0],
        "password of the mail server": SMTP_PASSWORD,
    }


def forms(secret: str) -> set[bytes]:
    """The secret as it is, escaped for addresses and JSON, in base64 and in hexadecimal digits."""
    raw = secret.encode()
    encoded = base64.b64encode(raw).rstrip(b"=")
    return {raw, quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode(), encoded[:-1], raw.hex().encode()}


def tables(world: World) -> bytes:
    """Every value of every table."""
    names = world.server.engine.read(
        lambda db: db.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if "sqlite" in type(db).__module__
            else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
    )
    assert len(names) > 50
    rows = [
        world.server.engine.read(lambda db, name=name: db.rows(f'SELECT * FROM "{name}"'))
        for (name,) in names
        if not name.startswith(("sqlite_", "search_words"))
    ]
    return "\n".join(str(value) for table in rows for row in table for value in row).encode()


def test_secrets_are_stored_as_hashes_sealed_or_for_a_reason_that_security_md_gives(
    stored: World, fresh_store: Store, tmp_path: Path
) -> None:
    keyed(stored)
    pipeline = stored.pipeline()
    with log_lines() as lines, stored.client(None) as browser, stored.client(None) as other:
        secrets = (
            accounts(stored, browser) | webhooks(stored, pipeline) | links(stored, pipeline) | providers(stored, other)
        )
    assert [name for name, secret in secrets.items() if len(secret) < 8] == []
    assert set(secrets) >= READABLE
    folder = tmp_path / "backup"
    folder.mkdir()
    database = contents(fresh_store, folder) + tables(stored)
    assert pipeline["key"].encode() in database
    found = {name for name, secret in secrets.items() if any(form in database for form in forms(secret))}
    assert found == READABLE
    files = b"".join(path.read_bytes() for path in fresh_store.data.rglob("*") if path.is_file())
    beside = {name for name, secret in secrets.items() if any(form in files for form in forms(secret))}
    assert beside <= READABLE
    assert b"/api/v1/apikeys" in lines.written
    assert {name for name, secret in secrets.items() if any(form in lines.written for form in forms(secret))} == set()


def test_security_md_gives_the_reason_for_each_readable_secret() -> None:
    text = re.sub(r"\s+", " ", (ROOT / "SECURITY.md").read_text())
    (part,) = re.findall(r"## Secrets at rest(.*?)(?=## |$)", text)
    for word in ("webhook subscription", "X-Streak-Webhook-Token", "inbound webhook", "automation", "authenticator"):
        assert word in part
