"""The world of the tests: a real server with a real database, and three people.

Ada owns a team, Bo is a member of it, Cy is a stranger with a team of his own. `--database` picks
`sqlite`, `postgres` or `both` (the default). Tests marked `one_database` then run once, half of them on each database,
and on both with `--long`.
"""

import contextlib
import functools
import itertools
import os
import re
import shutil
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from boxwood.app import Boxwood
from boxwood.config import Config
from boxwood.core import listeners
from boxwood.core.accounts import api_keys
from boxwood.core.context import Ctx
from boxwood.core.people import teams, users
from boxwood.core.records import TEAM_MEMBERS, TeamMember, User
from boxwood.db import schema
from boxwood.db.engine import Db
from boxwood.db.open import open_engine
from boxwood.lib.http_protocol import Protocol
from tests import postgres
from tests.mail_servers.postfix import postfix as postfix
from tests.mail_servers.servers import account as account
from tests.mail_servers.servers import mail_servers as mail_servers
from tests.mailbox import mailbox as mailbox

listeners.connect()

# The tests start hundreds of processes. Without a bytecode cache each of them would compile Boxwood again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.addoption("--long", action="store_true", help="run soaks and long kill runs too")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("database")
        names = ["sqlite", "postgres"] if chosen == "both" else [chosen]
        metafunc.parametrize("database", names, indirect=True, scope="session")


def is_on_other_database(item: pytest.Item) -> bool:
    """Whether this test runs on one database only, and its name chooses the other one: half of them run on each."""
    found = item.get_closest_marker("one_database") and re.search("sqlite|postgres", item.nodeid)
    if not found:
        return False
    name = item.nodeid[: found.start()] + item.nodeid[found.end() :]
    return found.group() != ("sqlite", "postgres")[zlib.crc32(name.encode()) % 2]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("long"):
        return
    both = config.getoption("database") == "both"
    left_out = [item for item in items if item.get_closest_marker("long") or (both and is_on_other_database(item))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        names = set(left_out)
        items[:] = [item for item in items if item not in names]


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    with postgres.cluster() as server:
        yield server


@dataclass
class Store:
    """A separate migrated database: `url` for PostgreSQL, or None for SQLite in `data`."""

    name: str
    data: Path
    url: str | None

    def config(self, **settings: Any) -> Config:
        return Config(data=self.data, database_url=self.url, sample=False, **settings)


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Store]:
    """An unused migrated database of each kind. Copying it takes a tenth of the time of the migrations."""

    @functools.cache
    def template(name: str) -> Store:
        url = request.getfixturevalue("cluster").create_database() if name == "postgres" else None
        store = Store(name, tmp_path_factory.mktemp("template"), url)
        schema.migrate(url, store.config().sqlite_path)
        return store

    return template


def make_store(name: str, data: Path, request: pytest.FixtureRequest) -> Store:
    template: Store = request.getfixturevalue("templates")(name)
    if name == "postgres":
        return Store(name, data, request.getfixturevalue("cluster").create_database(template.url))
    store = Store(name, data, None)
    shutil.copyfile(template.config().sqlite_path, store.config().sqlite_path)
    return store


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(request.param, tmp_path_factory.mktemp(request.param), request)


@pytest.fixture
def fresh_store(request: pytest.FixtureRequest, database: Store, tmp_path: Path) -> Iterator[Store]:
    """A database for a single test, of the kind the test runs on."""
    store = make_store(database.name, tmp_path, request)
    yield store
    if store.url:
        request.getfixturevalue("cluster").drop_database(store.url)


class Clock:
    """The server's clock: real time plus the offset that a test sets."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead

    def advance(self, *, days: float = 0, ms: int = 0) -> None:
        self.ahead += int(days * 86_400_000) + ms


class Server:
    """A server in a thread, on a free port or the given port. Tests reach its engine and clock directly."""

    def __init__(
        self, config: Config, clock: Clock | None = None, port: int = 0, protocol: type[Protocol] = Protocol
    ) -> None:
        self.clock = clock or Clock()
        self.engine = open_engine(config.database_url, config.sqlite_path)
        self.boxwood = Boxwood(config, self.engine, self.clock)
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                self.boxwood.asgi,
                host="127.0.0.1",
                port=port,
                log_config=None,
                access_log=False,
                proxy_headers=False,
                http=protocol,
            )
        )
        self._thread = threading.Thread(target=self._uvicorn.run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._uvicorn.servers[0].sockets[0].getsockname()[1]}"

    def start(self) -> "Server":
        self._thread.start()
        deadline = time.monotonic() + 120
        while not self._uvicorn.started:
            assert self._thread.is_alive(), "the server failed to start"
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.01)
        return self

    def stop(self, grace: int | None = None) -> None:
        """Stop the server. It waits at most `grace` seconds for open streams."""
        self._uvicorn.config.timeout_graceful_shutdown = grace
        self._uvicorn.should_exit = True
        self._thread.join(timeout=120)


@pytest.fixture(scope="session")
def server(database: Store) -> Iterator[Server]:
    running = Server(database.config(allow_private_webhooks=True)).start()
    yield running
    running.stop()


@dataclass
class Person:
    """A user with an API key, and an HTTP client that uses the key."""

    user: User
    key: str
    http: httpx.Client = field(repr=False)

    @property
    def email(self) -> str:
        return self.user.email

    @property
    def user_key(self) -> str:
        return self.user.key


class World:
    """Ada, Bo and Cy on a running server, with e-mail addresses that only this test uses."""

    _numbers = itertools.count(1)

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clock = server.clock
        self.stack = contextlib.ExitStack()
        """Resources that are closed together with this world."""
        self.number = f"{next(self._numbers)}-{time.time_ns() % 10**9}"
        self.ada = self.person("ada", "Ada", "Lovelace")
        self.bo = self.person("bo", "Bo", "Diddley")
        self.cy = self.person("cy", "Cy", "Twombly")
        self.team_key = server.engine.write(self._make_teams)

    def person(self, name: str, given_name: str, family_name: str) -> Person:
        """Create a user with an API key who is not in a team yet."""

        def make(db: Db) -> tuple[User, str]:
            now = self.clock()
            email = f"{name}@w{self.number}.example"
            user = users.create(db, email, now, given_name=given_name, family_name=family_name)
            return user, api_keys.create(db, user, now)[1]

        user, key = self.server.engine.write(make)
        return Person(user, key, self.client(key))

    def client(self, key: str | None) -> httpx.Client:
        """Return a client with this key as the user name of Basic authentication, or without credentials.

        It verifies no certificates: there is no TLS here, and loading the CA certificates takes 20 ms a client.
        """
        auth = (key, "") if key else None
        return httpx.Client(base_url=self.server.url, auth=auth, timeout=120, verify=False, trust_env=False)

    def _make_teams(self, db: Db) -> str:
        now = self.clock()
        team = teams.create(db, "Ada's team", self.ada.user, now)
        TEAM_MEMBERS.insert(db, TeamMember(team.key, self.bo.user.key, "Member", "Accepted", now))
        teams.create(db, "Cy's team", self.cy.user, now + 1)
        return team.key

    def as_(self, name: str, fn: Any) -> Any:
        """Run `fn(ctx)` as this person in one transaction. Returns its result; exceptions pass through."""
        person: Person = getattr(self, name)
        return self.server.engine.write(lambda db: fn(Ctx(db, self.clock(), person.user)))

    def pipeline(self, **given: Any) -> dict[str, Any]:
        """Create a pipeline as Ada, shared with her team by default."""
        body = {"name": "Deals", "teamKey": self.team_key, "stages": ["Lead", "Won", "Lost"], **given}
        return ok(self.ada.http.post("/api/v2/pipelines", json=body))

    def box(self, pipeline: dict[str, Any], **given: Any) -> dict[str, Any]:
        """Create a box as Ada."""
        return ok(self.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "Acme", **given}))

    def field(self, pipeline: dict[str, Any], kind: str, name: str = "Field", **given: Any) -> dict[str, Any]:
        """Create a field in Ada's pipeline."""
        body = {"name": name, "type": kind, **given}
        return ok(self.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/fields", json=body))

    def events(self, box_key: str) -> list[str]:
        """Return the kinds of the events of a box, oldest first."""
        sql = "SELECT kind FROM events WHERE box_key = :box ORDER BY id"
        return [row[0] for row in self.server.engine.read(lambda db: db.rows(sql, box=box_key))]

    def close(self) -> None:
        for person in (self.ada, self.bo, self.cy):
            person.http.close()
        self.stack.close()
        self.clock.ahead = 0


def ok(response: httpx.Response) -> Any:
    """Check that the request succeeded and return the JSON."""
    assert response.status_code == 200, f"{response.request.method} {response.request.url}: {response.text}"
    return response.json()


def refused(response: httpx.Response, status: int, *names: str) -> str:
    """Check that the request failed with this status and an error that contains these words; return the error."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body["success"] is False
    for name in names:
        assert name in body["error"], body
    error: str = body["error"]
    return error


@pytest.fixture
def world(server: Server) -> Iterator[World]:
    new_world = World(server)
    # Wrong keys and registrations of earlier tests must not count in this test.
    limits = server.boxwood.limits
    for word, buckets in (("guess", limits._guesses), ("register", limits._registrations)):
        buckets.name, buckets._full_at, buckets._leases = f"{word} {new_world.number}", {}, {}
    yield new_world
    new_world.close()
