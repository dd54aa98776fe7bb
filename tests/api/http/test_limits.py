"""Rate limits: how often an API key may send requests, and how often an unknown caller may guess keys."""

import threading
from collections.abc import Iterator

import httpx
import pytest

from boxwood.api.http.limits import GUESSES, Limits
from boxwood.core.accounts import api_keys
from boxwood.db.open import open_engine
from boxwood.errors import TooMany
from boxwood.lib.rates import read_rate
from tests.conftest import Server, Store, World, ok, refused
from tests.processes import Process, run, store_options

NOW = 1_800_000_000_000


@pytest.fixture
def limited(fresh_store: Store) -> Iterator[World]:
    """A server whose API keys may send a burst of ten requests, and then one a minute."""
    server = Server(fresh_store.config(rate_limit="1/m burst 10")).start()
    world = World(server)
    yield world
    world.close()
    server.stop()


def test_an_api_key_gets_its_burst_and_then_a_retry_after_time(limited: World) -> None:
    replies = [limited.ada.http.get("/api/v1/users/me") for _ in range(12)]
    allowed = [reply for reply in replies if reply.status_code == 200]
    assert len(allowed) == 10
    assert replies[:10] == allowed
    assert allowed[0].headers["ratelimit-policy"] == '"key";q=10;w=600'
    assert allowed[0].headers["ratelimit"] == '"key";r=9;t=60'
    last = replies[-1]
    refused(last, 429, "Too many requests")
    assert last.headers["ratelimit"].startswith('"key";r=0;')
    assert 1 <= int(last.headers["retry-after"]) <= 60
    assert limited.bo.http.get("/api/v1/users/me").status_code == 200
    limited.clock.advance(ms=int(last.headers["retry-after"]) * 1000)
    assert limited.ada.http.get("/api/v1/users/me").status_code == 200
    assert limited.ada.http.get("/api/v1/users/me").status_code == 429


def test_a_refused_write_changes_nothing(limited: World) -> None:
    for _ in range(10):
        ok(limited.ada.http.get("/api/v1/users/me"))
    refused(limited.ada.http.post("/api/v2/pipelines", json={"name": "Deals", "teamKey": limited.team_key}), 429)
    assert ok(limited.bo.http.get("/api/v1/pipelines")) == []


def test_without_a_setting_there_is_no_rate_limit(world: World) -> None:
    reply = world.ada.http.get("/api/v1/users/me")
    assert "ratelimit" not in reply.headers
    assert "ratelimit-policy" not in reply.headers


def wrong_keys(world: World, count: int) -> list[httpx.Response]:
    with world.client("bw_not-a-key") as client:
        return [client.get("/api/v1/users/me") for _ in range(count)]


def test_guessing_keys_is_limited_but_a_valid_key_is_never_refused(fresh_store: Store) -> None:
    server = Server(fresh_store.config()).start()
    world = World(server)
    with world.client(None) as client:
        for _ in range(GUESSES.burst + 20):
            assert client.get("/api/v1/users/me").status_code == 401
    statuses = [reply.status_code for reply in wrong_keys(world, GUESSES.burst + 20)]
    assert statuses[: GUESSES.burst] == [401] * GUESSES.burst
    assert set(statuses[GUESSES.burst + 2 :]) <= {401, 429}
    assert statuses.count(429) >= 15
    ok(world.ada.http.get("/api/v1/users/me"))
    limited = [reply for reply in wrong_keys(world, 5) if reply.status_code == 429]
    assert all(1 <= int(reply.headers["retry-after"]) <= 60 for reply in limited)
    # Well formed but unknown: the server looks the key up and counts it like other wrong keys.
    lost = server.engine.write(lambda db: api_keys.create(db, world.ada.user, server.clock()))[1]
    server.engine.write(lambda db: db.run("DELETE FROM api_keys WHERE prefix = :it", it=lost[: api_keys.SHOWN]))
    with world.client(lost) as client:
        assert 429 in [client.get("/api/v1/users/me").status_code for _ in range(5)]
    world.clock.advance(ms=60_000)
    assert [reply.status_code for reply in wrong_keys(world, 1)] == [401]
    world.close()
    server.stop()


def spend_all(limits: Limits, key: str, tries: int) -> int:
    """Return how many of these simultaneous requests are allowed."""
    allowed = 0
    for _ in range(tries):
        try:
            limits.spend(key, NOW)
            allowed += 1
        except TooMany:
            pass
    return allowed


def test_several_processes_together_allow_as_many_requests_as_a_single_process(fresh_store: Store) -> None:
    config = fresh_store.config()
    if config.database_url is None:
        pytest.skip("only one process serves from SQLite")
    engines = [open_engine(config.database_url, config.sqlite_path) for _ in range(3)]
    all_limits = [Limits(engine, read_rate("1/m burst 40")) for engine in engines]
    allowed: list[int] = []
    threads = [
        threading.Thread(target=lambda limits=limits: allowed.append(spend_all(limits, "k", 60)))  # type: ignore[misc]
        for limits in all_limits
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 40
    for limits, engine in zip(all_limits, engines, strict=True):
        limits.close()
        engine.close()


@pytest.mark.slow
def test_worker_processes_share_one_rate_limit(fresh_store: Store) -> None:
    if fresh_store.url is None:
        pytest.skip("only one process serves from SQLite")
    server = Process(fresh_store, "--workers", "2", "--rate-limit", "1/h burst 24", "--no-deliveries")
    key = run("key", "create", "ada@example.com", *store_options(fresh_store)).stdout.strip()
    # Each request uses a separate connection, so that both processes get some of them.
    answers = [
        httpx.get(f"{server.url}/api/v1/users/me", auth=(key, ""), timeout=120, trust_env=False) for _ in range(80)
    ]
    assert [answer.status_code for answer in answers].count(200) == 24
    assert {answer.status_code for answer in answers} == {200, 429}
    assert server.stop() == 0


def test_many_unknown_callers_do_not_fill_the_memory(world: World) -> None:
    limits = Limits(world.server.engine)
    if not world.server.engine.one_process:
        pytest.skip("the limits are stored in the database")
    for number in range(120_000):
        limits.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", NOW)
    assert len(limits._guesses._full_at) <= 60_000
    limits.close()
