"""What an API key was used for, its own rate, and its rotation."""

import json
import logging
from collections import Counter

import pytest

from boxwood.core.accounts import key_usage
from boxwood.lib.durations import DAY
from tests.conftest import World, ok, refused


def test_figures_equal_a_counted_load(world: World) -> None:
    world.clock.advance(ms=DAY - world.clock() % DAY + DAY // 2)  # noon, so that no day ends during the load
    pipeline = world.pipeline()
    made = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Counted", "rateLimit": "1/h burst 40"}))
    usage, last = (f"/api/v2/apikeys/{made['key']}/{part}" for part in ("usage", "requests"))
    counted: Counter[tuple[str, int]] = Counter()
    parts = 0
    with world.client(made["apiKey"]) as http:

        def send(times: int, verb: str, path: str, route: str, **request: object) -> None:
            for _ in range(times):
                status = http.request(verb, f"/api{path}", **request).status_code  # type: ignore[arg-type]
                counted[f"{verb} {route}", status] += 1

        boxes = f"/v2/pipelines/{pipeline['key']}/boxes"
        send(7, "POST", boxes, "/v2/pipelines/{pipeline}/boxes", json={"name": "Acme"})
        send(11, "GET", "/v1/boxes?limit=1", "/v1/boxes")
        send(3, "GET", "/v1/boxes/b-unknown", "/v1/boxes/{box}")
        operations = [{"method": "GET", "path": "/v1/users/me"}, {"method": "GET", "path": "/v2/tasks/k-unknown"}]
        send(2, "POST", "/v2/batch", "/v2/batch", json={"operations": operations})
        parts += 4
        send(1, "GET", "/v2/teams/unknown", "/v2/teams/{team}")
        world.server.boxwood._note_uses()  # as the job does every few seconds; later requests wait in memory
        etag = http.get("/api/v1/users/me").headers["etag"]
        counted["GET /v1/users/me", 200] += 1
        send(2, "GET", "/v1/users/me", "/v1/users/me", headers={"If-None-Match": etag})
        world.clock.advance(ms=DAY)
        send(5, "GET", "/v1/boxes", "/v1/boxes")
        send(50, "GET", "/v1/users/me?secret=hidden", "/v1/users/me")
    assert counted["GET /v1/users/me", 304] == 2
    throttled = counted["GET /v1/users/me", 429]
    assert 0 < throttled < 50
    for stored in (False, True):
        if stored:
            world.server.boxwood._note_uses()
        found = ok(world.ada.http.get(usage))
        rows = {(row["route"], row["status"]): row["requests"] for row in found["routes"] if not row["part"]}
        assert rows == counted
        in_batches = {(row["route"], row["status"]): row["requests"] for row in found["routes"] if row["part"]}
        assert in_batches == {("GET /v1/users/me", 200): 2, ("GET /v2/tasks/{task}", 404): 2}
        assert (found["requests"], found["parts"]) == (counted.total(), parts)
        assert found["throttled"] == throttled
        assert [day["requests"] for day in found["days"]] == [counted.total() - 55, 55]
        assert ok(world.ada.http.get(f"{usage}?days=1"))["requests"] == 55
        assert found["suggestedScopes"] == ["boxes:write"]
        assert found["unlimitedRoutes"] == []
        requests = ok(world.ada.http.get(last))["results"]
        assert len(requests) == min(100, counted.total())
        assert (requests[0]["path"], requests[0]["status"]) == ("/api/v1/users/me", 429)
        assert requests[0]["address"] == "127.0.0.1"
        times = [each["timestamp"] for each in requests]
        assert times == sorted(times, reverse=True)
        assert "hidden" not in json.dumps(requests)
        assert made["apiKey"] not in json.dumps([requests, found])
    refused(world.bo.http.get(usage), 404)
    refused(world.bo.http.get(last), 404)
    # A key with the suggested scopes does the same.
    ok(world.ada.http.post(f"/api/v1/apikeys/{made['key']}", json={"scopes": ["boxes:write"], "rateLimit": None}))
    with world.client(made["apiKey"]) as http:
        ok(http.post(f"/api{boxes}", json={"name": "Acme"}))
        ok(http.get("/api/v1/boxes"))


def test_only_the_last_requests_stay_and_old_usage_is_deleted(world: World) -> None:
    made = ok(world.ada.http.put("/api/v1/apikeys"))
    last = f"/api/v2/apikeys/{made['key']}/requests"
    with world.client(made["apiKey"]) as http:
        for _ in range(3):
            for _ in range(60):
                http.get("/api/v1/users/me")
                world.clock.advance(ms=1)
            world.server.boxwood._note_uses()
    assert len(ok(world.ada.http.get(last))["results"]) == 100
    sql = "SELECT COUNT(*) FROM key_requests WHERE key = :key"
    assert world.server.engine.read(lambda db: db.row(sql, key=made["key"])) == (100,)
    later = world.clock() + (key_usage.STORED + 1) * DAY
    while world.server.engine.write(lambda db: key_usage.delete_old(db, later)):
        pass
    assert ok(world.ada.http.get(last))["results"] == []
    assert ok(world.ada.http.get(last.replace("requests", "usage")))["routes"] == []


def test_a_rotated_key_works_with_both_secrets_for_the_chosen_time(world: World) -> None:
    made = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Nightly", "scopes": ["boxes:read"]}))
    rotate = f"/api/v2/apikeys/{made['key']}/rotate"
    new = ok(world.ada.http.post(rotate, json={"overlap": 60_000}))
    assert new["key"] == made["key"]
    assert new["apiKey"] != made["apiKey"]
    assert 0 <= world.clock() + 60_000 - new["previousUntilTimestamp"] < 30_000
    with world.client(made["apiKey"]) as old, world.client(new["apiKey"]) as fresh:
        for http in (old, fresh):
            ok(http.get("/api/v1/boxes"))
            refused(http.get("/api/v1/pipelines"), 403, "pipelines:read")
        world.clock.advance(ms=60_000)
        refused(old.get("/api/v1/boxes"), 401, "invalid api key")
        ok(fresh.get("/api/v1/boxes"))
        third = ok(world.ada.http.post(rotate, json={"overlap": 0}))
        refused(fresh.get("/api/v1/boxes"), 401)
        with world.client(third["apiKey"]) as http:
            ok(http.get("/api/v1/boxes"))
        fourth = ok(world.ada.http.post(rotate))
        fifth = ok(world.ada.http.post(rotate))
        assert fifth["previousUntilTimestamp"] > world.clock() + DAY - 60_000
        for secret, status in ((third, 401), (fourth, 200), (fifth, 200)):
            with world.client(secret["apiKey"]) as http:
                assert http.get("/api/v1/boxes").status_code == status
    refused(world.ada.http.post(rotate, json={"overlap": 31 * DAY}), 400, "overlap")
    refused(world.bo.http.post(rotate), 404)


@pytest.mark.parametrize("rate", ["often", "0/s"])
def test_a_rate_must_be_a_rate(world: World, rate: str) -> None:
    refused(world.ada.http.put("/api/v1/apikeys", json={"rateLimit": rate}), 400, "rateLimit")


def test_pages_of_the_origins_of_a_key_may_use_it(world: World) -> None:
    app, other = f"https://app{world.number}.example", "https://other.example"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    before = world.ada.http.options("/api/v1/boxes", headers={**asked, "Origin": app})
    assert "access-control-allow-origin" not in before.headers
    made = ok(world.ada.http.put("/api/v1/apikeys", json={"allowedOrigins": [f"{app}/"]}))
    assert made["allowedOrigins"] == [app]
    with world.client(None) as browser:
        answer = browser.options("/api/v1/boxes", headers={**asked, "Origin": app})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, app)
        assert "authorization" in answer.headers["access-control-allow-headers"].lower()
        refused_origin = browser.options("/api/v1/boxes", headers={**asked, "Origin": other})
        assert (refused_origin.status_code, "access-control-allow-origin" in refused_origin.headers) == (405, False)
    with world.client(made["apiKey"]) as page:
        answer = page.get("/api/v1/boxes", headers={"Origin": app})
        ok(answer)
        assert answer.headers["access-control-allow-origin"] == app
        assert "origin" in ",".join(answer.headers.get_list("vary")).lower()
        missing = page.get("/api/v1/boxes/b-1", headers={"Origin": app})
        assert (missing.status_code, missing.headers["access-control-allow-origin"]) == (404, app)
        refused(page.get("/api/v1/boxes", headers={"Origin": other}), 403, "origin")
        ok(page.get("/api/v1/boxes"))
        # Another key does not allow this origin.
        unnamed = world.ada.http.get("/api/v1/boxes", headers={"Origin": app})
        assert "access-control-allow-origin" not in unnamed.headers
        ok(world.ada.http.post(f"/api/v1/apikeys/{made['key']}", json={"allowedOrigins": []}))
        assert "access-control-allow-origin" not in page.get("/api/v1/boxes", headers={"Origin": app}).headers
    with world.client(None) as browser:
        answer = browser.options("/api/v1/boxes", headers={**asked, "Origin": app})
        assert "access-control-allow-origin" not in answer.headers
    for wrong in ("app.example", "https://app.example/path", "*", "null"):
        refused(world.ada.http.put("/api/v1/apikeys", json={"allowedOrigins": [wrong]}), 400, "allowedOrigins")


def test_a_secret_in_a_path_is_neither_listed_nor_logged(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs send the secret of a key where its record key belongs."""
    made = ok(world.ada.http.put("/api/v1/apikeys", json={}))
    secret = made["apiKey"]
    logged: list[str] = []
    caplog.set_level("INFO", "boxwood.requests")
    monkeypatch.setattr(logging.getLogger("boxwood.requests"), "handle", lambda record: logged.append(record.path))
    with world.client(secret) as http:
        for path in (f"/api/v1/apikeys/{secret}", f"/api/v2/boxes/{secret}/md", f"/api/nothing/{secret}", f"/{secret}"):
            http.get(path)
    listed = world.ada.http.get(f"/api/v2/apikeys/{made['key']}/requests")
    assert f"/api/v1/apikeys/{secret[:9]}…" in [each["path"] for each in ok(listed)["results"]]
    assert f"/api/nothing/{secret[:9]}…" in logged
    assert secret not in listed.text + str(logged)
