"""Cross-origin requests: off, unless the operator names the origins."""

from collections.abc import Iterator

import pytest

from tests.conftest import Server, Store, World, ok

APP = "https://app.example"
ASKED = {"Origin": APP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture
def opened(fresh_store: Store, request: pytest.FixtureRequest) -> Iterator[World]:
    server = Server(fresh_store.config(cors_origins=getattr(request, "param", (APP,)))).start()
    yield (created := World(server))
    created.close()
    server.stop()


def test_without_a_setting_no_page_of_another_origin_may_read_anything(world: World) -> None:
    answer = world.ada.http.options("/api/v1/pipelines", headers=ASKED)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]
    got = world.ada.http.get("/api/v1/users/me", headers={"Origin": APP})
    assert not [name for name in got.headers if name.startswith("access-control")]


def test_a_named_origin_may_call_the_api_with_a_key(opened: World) -> None:
    with opened.client(None) as page:
        for path in ("/api/v1/pipelines", "/api/v2/boxes/x", "/hooks/x"):
            asked = page.options(path, headers=ASKED)
            assert asked.status_code == 200
            assert asked.headers["access-control-allow-origin"] == APP
            assert "POST" in asked.headers["access-control-allow-methods"]
            assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    answer = opened.ada.http.get("/api/v1/users/me", headers={"Origin": APP})
    assert ok(answer)["email"] == opened.ada.email
    assert answer.headers["access-control-allow-origin"] == APP
    assert "etag" in answer.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers
    assert "origin" in ",".join(answer.headers.get_list("vary")).lower()
    missing = opened.ada.http.get("/api/v1/boxes/x", headers={"Origin": APP})
    assert (missing.status_code, missing.headers["access-control-allow-origin"]) == (404, APP)


def test_another_origin_and_other_paths_stay_closed(opened: World) -> None:
    for origin in ("https://evil.example", "http://app.example", "https://app.example.evil", "null"):
        asked = opened.ada.http.options("/api/v1/pipelines", headers={**ASKED, "Origin": origin})
        assert asked.status_code == 400
        assert "access-control-allow-origin" not in asked.headers
        got = opened.ada.http.get("/api/v1/users/me", headers={"Origin": origin})
        assert "access-control-allow-origin" not in got.headers
    for path in ("/", "/metrics"):
        answer = opened.ada.http.get(path, headers={"Origin": APP})
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("opened", [("*",)], indirect=True)
def test_a_star_allows_every_origin_but_never_a_session(opened: World) -> None:
    answer = opened.ada.http.get("/api/v1/users/me", headers={"Origin": "https://any.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
