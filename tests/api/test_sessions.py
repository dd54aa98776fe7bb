"""Sessions: users sign in with a password and are identified by a cookie."""

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from boxwood.commands import key, user
from boxwood.core.accounts import sign_in_links
from boxwood.errors import Forbidden, TooMany
from boxwood.jobs import upkeep
from boxwood.lib import client_address
from tests.conftest import Person, Server, Store, World, ok, refused

PASSWORD = "seven green owls"


@pytest.fixture
def browser(world: World) -> Iterator[httpx.Client]:
    with world.client(None) as client:
        yield client


def link(world: World, person: Person, kind: str = "welcome") -> str:
    """Return the token of a new sign-in link."""
    path = world.server.engine.write(lambda db: sign_in_links.make(db, person.user, kind, world.clock()))
    assert path.startswith(f"/{kind}#")
    return str(path.partition("#")[2])


def welcome(world: World, person: Person, browser: httpx.Client, password: str = PASSWORD) -> dict[str, Any]:
    """The person opens the link and chooses a password; the browser is signed in afterwards."""
    body = {"token": link(world, person), "password": password}
    found: dict[str, Any] = ok(browser.post("/api/v2/session/link", json=body))
    return found


def sign_in(browser: httpx.Client, person: Person, password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    body = {"email": person.email, "password": password}
    found: dict[str, Any] = ok(browser.post("/api/v2/session", json=body, **more))
    return found


def kinds(world: World, person: Person) -> list[str]:
    sql = "SELECT kind FROM events WHERE subject_key = :user AND kind LIKE 'user.%' ORDER BY id"
    return [row[0] for row in world.server.engine.read(lambda db: db.rows(sql, user=person.user_key))]


def test_a_sign_in_link_works_once_and_sets_the_password(world: World, browser: httpx.Client) -> None:
    token = link(world, world.ada)
    look = ok(browser.post("/api/v2/session/link/look", json={"token": token}))
    assert (look["kind"], look["email"], look["needsPassword"]) == ("welcome", world.ada.email, True)
    refused(browser.post("/api/v2/session/link", json={"token": token}), 400, "Session")
    refused(browser.post("/api/v2/session/link", json={"token": token, "password": "short"}), 400, "10 characters")
    assert "set-cookie" not in browser.get("/api/v2/session").headers
    body = {"token": token, "password": PASSWORD, "name": "Ada King Lovelace"}
    answer = browser.post("/api/v2/session/link", json=body)
    reply = ok(answer)
    assert (reply["user"]["givenName"], reply["user"]["lastName"]) == ("Ada", "King Lovelace")
    cookie = answer.headers["set-cookie"]
    assert "boxwood_session=" in cookie
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Secure" not in cookie
    refused(browser.post("/api/v2/session/link", json=body), 400, "used already")
    assert sign_in(browser, world.ada)["user"]["email"] == world.ada.email
    assert kinds(world, world.ada) == ["user.password_changed", "user.signed_in", "user.signed_in"]


TLS = {"X-Forwarded-Proto": "https"}


@pytest.fixture
def proxied(fresh_store: Store) -> Iterator[World]:
    """A world whose server trusts this machine as its proxy."""
    server = Server(fresh_store.config(trusted_proxies=("127.0.0.1",))).start()
    yield (created := World(server))
    created.close()
    server.stop()


def test_under_tls_the_cookie_is_one_that_no_other_host_can_set(proxied: World) -> None:
    with proxied.client(None) as browser:
        welcome(proxied, proxied.ada, browser)
        plain = browser.cookies["boxwood_session"]
        body = {"email": proxied.ada.email.upper(), "password": PASSWORD}
        browser.cookies.clear()
        answer = browser.post("/api/v2/session", json=body, headers=TLS)
        assert ok(answer)["user"]["key"] == proxied.ada.user_key
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-boxwood_session=")
        assert cookie.endswith("; Secure")
        assert "Path=/;" in cookie
        assert "Domain" not in cookie
        browser.cookies.clear()
        secure = {"Cookie": cookie.partition(";")[0], **TLS}
        token = ok(browser.get("/api/v2/session", headers=secure))["csrfToken"]
        # By TLS a cookie with the plain name does not count, because another host of the domain could have set it.
        old = {"Cookie": f"boxwood_session={plain}", **TLS}
        assert browser.get("/api/v2/session", headers=old).status_code == 401
        again = browser.post("/api/v2/session", json=body, headers=old)
        assert [each.partition("=")[0] for each in again.headers.get_list("set-cookie")] == [
            "boxwood_session",
            "__Host-boxwood_session",
        ]
        assert "boxwood_session=; Path=/; Max-Age=0" in again.headers["set-cookie"]
        browser.cookies.clear()
        gone = browser.delete("/api/v2/session", headers={**secure, "X-CSRF-Token": token})
        assert gone.headers["set-cookie"].startswith("__Host-boxwood_session=; Path=/; Max-Age=0")
        assert browser.get("/api/v2/session", headers=secure).status_code == 401


def test_only_a_trusted_proxy_says_that_a_request_came_by_tls(world: World, browser: httpx.Client) -> None:
    welcome(world, world.ada, browser)
    body = {"email": world.ada.email, "password": PASSWORD}
    answer = browser.post("/api/v2/session", json=body, headers=TLS)
    assert answer.headers["set-cookie"].startswith("boxwood_session=")
    assert "Secure" not in answer.headers["set-cookie"]


def test_a_session_acts_as_its_user_and_changes_only_with_the_csrf_token(world: World, browser: httpx.Client) -> None:
    token = welcome(world, world.ada, browser)["csrfToken"]
    pipeline = world.pipeline()
    assert ok(browser.get("/api/v1/users/me"))["email"] == world.ada.email
    assert ok(browser.get(f"/api/v2/pipelines/{pipeline['key']}")) == pipeline
    boxes = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    for headers in ({}, {"X-CSRF-Token": "nonsense"}, {"X-CSRF-Token": ""}):
        refused(browser.post(boxes, json={"name": "Acme"}, headers=headers), 403, "X-CSRF-Token")
    refused(browser.put(f"/api/v1/pipelines/{pipeline['key']}/boxes", json={"name": "Acme"}), 403, "X-CSRF-Token")
    assert ok(browser.get(boxes))["results"] == []
    browser.headers["X-CSRF-Token"] = token
    assert ok(browser.post(boxes, json={"name": "Acme"}))["creatorKey"] == world.ada.user_key
    assert ok(browser.get("/api/v2/session"))["csrfToken"] == token


def test_a_session_reaches_only_what_its_user_reaches(world: World, browser: httpx.Client) -> None:
    box = world.box(world.pipeline())
    token = welcome(world, world.cy, browser)["csrfToken"]
    assert browser.get(f"/api/v1/boxes/{box['key']}").status_code == 404
    with world.client(None) as other:
        bo = welcome(world, world.bo, other)["csrfToken"]
        assert ok(other.get(f"/api/v1/boxes/{box['key']}"))["name"] == "Acme"
        # The CSRF token of one session does not work in another session.
        refused(other.post(f"/api/v1/boxes/{box['key']}", json={"name": "X"}, headers={"X-CSRF-Token": token}), 403)
        ok(other.post(f"/api/v1/boxes/{box['key']}", json={"name": "X"}, headers={"X-CSRF-Token": bo}))


def test_an_api_key_takes_precedence_over_the_cookie(world: World, browser: httpx.Client) -> None:
    welcome(world, world.ada, browser)
    assert ok(browser.get("/api/v1/users/me", auth=(world.bo.key, "")))["email"] == world.bo.email


def test_signing_out_ends_the_session(world: World, browser: httpx.Client) -> None:
    token = welcome(world, world.ada, browser)["csrfToken"]
    cookie = browser.cookies["boxwood_session"]
    refused(browser.delete("/api/v2/session"), 403, "X-CSRF-Token")
    answer = browser.delete("/api/v2/session", headers={"X-CSRF-Token": token})
    assert ok(answer)["success"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    again = httpx.get(
        f"{world.server.url}/api/v1/users/me", headers={"Cookie": f"boxwood_session={cookie}"}, trust_env=False
    )
    assert again.status_code == 401
    assert again.headers["www-authenticate"].startswith("Bearer"), "a browser would open a dialog of its own"


def test_without_a_cookie_there_is_no_session(world: World, browser: httpx.Client) -> None:
    answer = browser.get("/api/v2/session")
    assert (answer.status_code, answer.json()) == (401, {"error": "Authentication required"})
    # An API key has no session.
    assert world.ada.http.get("/api/v2/session").status_code == 401
    assert world.ada.http.delete("/api/v2/session").status_code == 401


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(world: World, browser: httpx.Client) -> None:
    welcome(world, world.ada, browser)
    browser.cookies.clear()
    for body in (
        {"email": world.ada.email, "password": "eight green owls"},
        {"email": world.bo.email, "password": PASSWORD},  # has no password
        {"email": "nobody@nowhere.example", "password": PASSWORD},
    ):
        refused(browser.post("/api/v2/session", json=body), 401, "do not belong together")
    refused(browser.post("/api/v2/session", json={"email": world.ada.email}), 400, "Session")
    refused(browser.post("/api/v2/session", json={"email": {}, "password": 1}), 400, "email")
    assert browser.get("/api/v2/session").status_code == 401


def test_a_session_ends_when_it_is_idle_and_after_three_months(world: World, browser: httpx.Client) -> None:
    welcome(world, world.ada, browser)
    world.clock.advance(days=15)
    assert browser.get("/api/v1/users/me").status_code == 401
    world.clock.ahead = 0
    for _ in range(8):
        world.clock.advance(days=12)
        if world.clock.ahead < 90 * 86_400_000:
            ok(browser.get("/api/v1/users/me"))
            _write_down_uses(world)
    assert browser.get("/api/v1/users/me").status_code == 401


def _write_down_uses(world: World) -> None:
    upkeep.note_uses(world.server.engine, world.server.boxwood.api.uses, world.server.boxwood.api.seen)


def test_sessions_are_listed_and_ended_individually(world: World, browser: httpx.Client) -> None:
    browser.headers["User-Agent"] = "Lynx/2.9"
    token = welcome(world, world.ada, browser)["csrfToken"]
    with world.client(None) as phone:
        sign_in(phone, world.ada, headers={"User-Agent": "Phone/1"})
        listed = ok(browser.get("/api/v2/sessions"))["results"]
        assert {(session["browser"], session["current"]) for session in listed} == {
            ("Lynx/2.9", True),
            ("Phone/1", False),
        }
        assert all(session["address"] == "127.0.0.1" for session in listed)
        theirs = next(session["key"] for session in listed if not session["current"])
        assert world.bo.http.delete(f"/api/v2/sessions/{theirs}").status_code == 404
        ok(browser.delete(f"/api/v2/sessions/{theirs}", headers={"X-CSRF-Token": token}))
        assert phone.get("/api/v1/users/me").status_code == 401
        assert len(ok(world.ada.http.get("/api/v2/sessions"))["results"]) == 1
    ok(browser.get("/api/v1/users/me"))


def test_changing_the_password_signs_the_other_browsers_out(world: World, browser: httpx.Client) -> None:
    token = welcome(world, world.ada, browser)["csrfToken"]
    path, headers = "/api/v2/session/password", {"X-CSRF-Token": token}
    new = "eleven blue foxes"
    with world.client(None) as phone:
        sign_in(phone, world.ada)
        refused(browser.post(path, json={"password": new, "current": PASSWORD}), 403, "X-CSRF-Token")
        refused(browser.post(path, json={"password": new}, headers=headers), 400)
        refused(browser.post(path, json={"password": new, "current": "wrong"}, headers=headers), 400, "current")
        refused(browser.post(path, json={"password": "aaaaaaaaaaaa", "current": PASSWORD}, headers=headers), 400)
        ok(browser.post(path, json={"password": new, "current": PASSWORD}, headers=headers))
        assert phone.get("/api/v1/users/me").status_code == 401
        ok(browser.get("/api/v1/users/me"))
        refused(phone.post("/api/v2/session", json={"email": world.ada.email, "password": PASSWORD}), 401)
        sign_in(phone, world.ada, new)


def test_a_page_of_another_site_cannot_sign_a_user_in(world: World, browser: httpx.Client) -> None:
    welcome(world, world.ada, browser)
    browser.cookies.clear()
    body = {"email": world.ada.email, "password": PASSWORD}
    refused(browser.post("/api/v2/session", data=body, headers={"Origin": "https://evil.example"}), 403)
    assert "boxwood_session" not in browser.cookies
    sign_in(browser, world.ada, headers={"Origin": world.server.url})


def test_the_live_stream_accepts_the_cookie_and_ends_with_the_session(world: World, browser: httpx.Client) -> None:
    token = welcome(world, world.ada, browser)["csrfToken"]
    pipeline = world.pipeline()
    with browser.stream("GET", "/api/v2/events/stream?after=now") as stream:
        lines = stream.iter_lines()
        next(lines)
        world.box(pipeline)
        assert any("box.created" in line for line in lines)
        with world.client(None) as other:
            other.cookies = browser.cookies
            ok(other.delete("/api/v2/session", headers={"X-CSRF-Token": token}))
        world.box(pipeline, name="Not for this browser")
        assert "Not for this browser" not in "".join(lines)


def test_a_sign_in_link_expires_and_a_newer_link_replaces_it(world: World, browser: httpx.Client) -> None:
    old, new = link(world, world.ada, "reset"), link(world, world.ada, "reset")
    refused(browser.post("/api/v2/session/link", json={"token": old, "password": PASSWORD}), 400, "token")
    world.clock.advance(days=1)
    refused(browser.post("/api/v2/session/link", json={"token": new, "password": PASSWORD}), 400, "token")


def test_wrong_passwords_are_counted_and_the_right_one_is_not_refused(
    world: World, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    welcome(world, world.ada, browser)
    limits = world.server.boxwood.api.limits
    monkeypatch.setattr(limits, "proxies", client_address.read_networks(["127.0.0.1"]))
    browser.headers["X-Forwarded-For"] = "192.0.2.9"
    wrong = {"email": world.bo.email, "password": "no such password"}
    assert browser.post("/api/v2/session", json=wrong).status_code == 401

    # Half a minute ahead: the allowance returns gradually, and each guess takes a while on a slow machine.
    with contextlib.suppress(TooMany):
        while True:
            limits.failed("192.0.2.9", world.clock() + 30_000)
    assert browser.post("/api/v2/session", json=wrong).status_code == 429
    sign_in(browser, world.ada)
    browser.headers["X-Forwarded-For"] = "192.0.2.10"
    assert browser.post("/api/v2/session", json=wrong).status_code == 401


def test_every_other_browser_is_signed_out_at_once(world: World, browser: httpx.Client) -> None:
    token = welcome(world, world.ada, browser)["csrfToken"]
    with world.client(None) as phone:
        sign_in(phone, world.ada)
        ok(browser.delete("/api/v2/sessions", headers={"X-CSRF-Token": token}))
        assert phone.get("/api/v1/users/me").status_code == 401
    ok(browser.get("/api/v1/users/me"))


def test_a_locked_user_cannot_sign_in_until_unlocked(world: World, browser: httpx.Client) -> None:
    welcome(world, world.ada, browser)
    token = link(world, world.ada, "reset")
    engine = world.server.engine
    engine.write(lambda db: user.lock(db, world.ada.email))
    assert browser.get("/api/v1/users/me").status_code == 401
    assert world.ada.http.get("/api/v1/users/me").status_code == 401
    refused(browser.post("/api/v2/session", json={"email": world.ada.email, "password": PASSWORD}), 403, "locked")
    wrong = {"email": world.ada.email, "password": "not the password"}
    refused(browser.post("/api/v2/session", json=wrong), 401)
    refused(browser.post("/api/v2/session/link", json={"token": token, "password": PASSWORD}), 400)
    with pytest.raises(Forbidden):
        engine.write(lambda db: key.make_key(db, world.ada.email, None))
    with pytest.raises(Forbidden):
        engine.write(lambda db: user.link(db, world.ada.email))
    engine.write(lambda db: user.unlock(db, world.ada.email))
    sign_in(browser, world.ada)
