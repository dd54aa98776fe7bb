"""Two-factor authentication: signing in with an authenticator code."""

from collections.abc import Iterator

import httpx
import pyotp
import pytest

from boxwood.commands import user
from boxwood.core.accounts import second_factors
from tests.api.test_sessions import PASSWORD, kinds, link, welcome
from tests.conftest import World, ok, refused

SESSION = "/api/v2/session"


@pytest.fixture
def browser(world: World) -> Iterator[httpx.Client]:
    """A browser in which Ada is signed in, at the beginning of a 30-second period."""
    world.clock.advance(ms=30_000 - world.clock() % 30_000)
    with world.client(None) as client:
        client.headers["X-CSRF-Token"] = welcome(world, world.ada, client)["csrfToken"]
        yield client


def code(world: World, secret: str, ahead: int = 0) -> str:
    """Return the code of the authenticator app, this many 30-second periods ahead of the server's clock."""
    return pyotp.TOTP(secret).at(world.clock() // 1000 + 30 * ahead)


def add(world: World, browser: httpx.Client) -> tuple[str, list[str]]:
    """Add an authenticator; return its secret and the recovery codes."""
    created = ok(browser.post(f"{SESSION}/totp", json={"password": PASSWORD}))
    codes = ok(browser.post(f"{SESSION}/totp/confirm", json={"code": code(world, created["secret"])}))
    return created["secret"], codes["recoveryCodes"]


def sign_in(world: World, given: str | None = None) -> httpx.Response:
    body = {"email": world.ada.email, "password": PASSWORD} | ({"code": given} if given is not None else {})
    with world.client(None) as other:
        return other.post(SESSION, json=body)


def test_an_authenticator_is_active_after_a_confirmed_code(world: World, browser: httpx.Client) -> None:
    refused(browser.post(f"{SESSION}/totp", json={"password": "not the password"}), 400, "password")
    created = ok(browser.post(f"{SESSION}/totp", json={"password": PASSWORD}))
    assert created["uri"].startswith("otpauth://totp/Boxwood:")
    assert pyotp.parse_uri(created["uri"]).secret == created["secret"]
    ok(sign_in(world))
    assert ok(browser.get(f"{SESSION}/factors")) == {"authenticator": False, "recoveryCodesLeft": 0}
    refused(browser.post(f"{SESSION}/totp/confirm", json={"code": "000000"}), 400, "code")
    secret, codes = add(world, browser)
    assert len(set(codes)) == second_factors.RECOVERY_CODES
    state = ok(browser.get(f"{SESSION}/factors"))
    assert (state["authenticator"], state["recoveryCodesLeft"]) == (True, 10)
    refused(browser.post(f"{SESSION}/totp", json={"password": PASSWORD}), 400, "already")
    missing = sign_in(world)
    refused(missing, 401, "code")
    assert missing.json()["field"] == "code"
    ok(sign_in(world, code(world, secret, 1)))
    # An API key needs no sign-in and works as before.
    ok(world.ada.http.get("/api/v1/users/me"))
    assert "user.totp_added" in kinds(world, world.ada)
    events = world.server.engine.read(lambda db: db.rows("SELECT record, detail FROM events"))
    assert secret not in str(events)


def test_a_code_works_once_and_for_about_thirty_seconds(world: World, browser: httpx.Client) -> None:
    secret, _ = add(world, browser)
    refused(sign_in(world, code(world, secret)), 401, "code")  # this code was already used to confirm the authenticator
    ahead = code(world, secret, 1)
    spaced = f"{ahead[:3]} {ahead[3:]}"
    ok(sign_in(world, spaced))
    refused(sign_in(world, ahead), 401, "code")
    refused(sign_in(world, code(world, secret, 5)), 401, "code")
    world.clock.advance(ms=90_000)
    refused(sign_in(world, code(world, secret, -2)), 401, "code")
    ok(sign_in(world, code(world, secret)))


def test_a_code_does_not_reveal_whether_the_password_was_wrong(world: World, browser: httpx.Client) -> None:
    secret, _ = add(world, browser)
    with world.client(None) as other:
        body = {"email": world.ada.email, "password": "not the password", "code": code(world, secret, 1)}
        refused(other.post(SESSION, json=body), 401, "do not belong together")
    # The failed attempt did not use up the code.
    ok(sign_in(world, code(world, secret, 1)))


def test_recovery_codes_work_once_each_and_can_be_replaced(world: World, browser: httpx.Client) -> None:
    _, codes = add(world, browser)
    ok(sign_in(world, codes[0].upper()))
    refused(sign_in(world, codes[0]), 401, "code")
    assert ok(browser.get(f"{SESSION}/factors"))["recoveryCodesLeft"] == 9
    refused(browser.post(f"{SESSION}/totp/codes", json={}), 400)
    other = ok(browser.post(f"{SESSION}/totp/codes", json={"password": PASSWORD}))["recoveryCodes"]
    refused(sign_in(world, codes[1]), 401, "code")
    ok(sign_in(world, other[1]))


def test_guessing_codes_is_limited(world: World, browser: httpx.Client) -> None:
    secret, codes = add(world, browser)

    def guess(given: str) -> bool:
        return world.server.engine.write(
            lambda db: second_factors.use_code(db, world.ada.user_key, given, world.clock())
        )

    wrong = next(text for text in ("000000", "111111", "222222") if text != code(world, secret, 1))
    assert not any(guess(wrong) for _ in range(second_factors.MOST_WRONG))
    assert not guess(code(world, secret, 1)), "no code counts for a while"
    assert guess(codes[0]), "a recovery code does"
    world.clock.advance(ms=second_factors.PAUSE + 1)
    assert guess(code(world, secret))


def test_a_password_reset_link_requires_the_code_too(world: World, browser: httpx.Client) -> None:
    secret, _ = add(world, browser)
    body = {"token": link(world, world.ada, "reset"), "password": "another password"}
    with world.client(None) as other:
        answer = other.post(f"{SESSION}/link", json=body)
        refused(answer, 401, "code")
        assert answer.json()["field"] == "code"
        ok(other.post(f"{SESSION}/link", json={**body, "code": code(world, secret, 1)}))


def test_an_authenticator_is_removed_with_the_password_or_by_the_operator(world: World, browser: httpx.Client) -> None:
    add(world, browser)
    refused(browser.post(f"{SESSION}/totp/remove", json={"password": "not the password"}), 400, "password")
    ok(browser.post(f"{SESSION}/totp/remove", json={"password": PASSWORD}))
    refused(browser.post(f"{SESSION}/totp/remove", json={"password": PASSWORD}), 400, "no authenticator")
    ok(sign_in(world))
    add(world, browser)
    world.server.engine.write(lambda db: user.link(db, world.ada.email, without_code=True))
    ok(sign_in(world))
    assert "user.totp_removed" in kinds(world, world.ada)
