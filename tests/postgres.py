"""A throw-away PostgreSQL server for the tests.

    with postgres.cluster() as server:
        url = server.create_database()

The server has its own directory and its own socket, no other program reaches it, and it is removed at the
end, also when the test run is killed. BOXWOOD_TEST_DATABASE_URL names an existing server to use
instead; its user must be allowed to create databases.

Run as a program it prints the directory of the server's binaries: `python tests/postgres.py`.
"""

import contextlib
import itertools
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    import psycopg

# For tests that do not test durability: the data is deleted after the run, so PostgreSQL need not wait for the disk.
FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=1GB"]
PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/opt/homebrew/bin",
    "/usr/local/pgsql/bin",
    "/Applications/Postgres.app/Contents/Versions/latest/bin",
)


@contextlib.contextmanager
def cluster(*, durable: bool = False, own: bool = False) -> Iterator["Cluster"]:
    """`durable` keeps PostgreSQL's own settings, for tests that kill the server and check which data is left.
    `own` is for tests that stop or kill the server: never the one of BOXWOOD_TEST_DATABASE_URL."""
    borrowed = os.environ.get("BOXWOOD_TEST_DATABASE_URL")
    if borrowed and not own:
        yield from _borrow(borrowed)
    else:
        yield from _keep([] if durable else FAST)


class Cluster:
    """A server for test databases. `admin_url` has all rights; the URLs of the databases use an
    ordinary role that owns them, as in a real installation."""

    def __init__(self, admin_url: str, url: str, keeper: "subprocess.Popen[str] | None" = None) -> None:
        self.admin_url, self._url, self._keeper = admin_url, url, keeper
        self._names = (f"boxwood_{secrets.token_hex(4)}_{number}" for number in itertools.count())
        self._created: set[str] = set()

    def create_database(self, template: str | None = None) -> str:
        """Create a database and return its URL. `template`: the URL of an unused database to copy."""
        name = next(self._names)
        copied = f' TEMPLATE "{_name_of(template)}"' if template else ""
        self._admin(f'CREATE DATABASE "{name}"{copied} OWNER "{urlsplit(self._url).username}"')
        self._created.add(name)
        return _with_name(self._url, name)

    def drop_database(self, url: str) -> None:
        """Drop the database and end all its connections."""
        self._admin(f'DROP DATABASE IF EXISTS "{_name_of(url)}" WITH (FORCE)')
        self._created.discard(_name_of(url))

    def start(self) -> None:
        self._ask("start")

    def stop(self) -> None:
        """Stop the server in order: every connection ends first."""
        self._ask("stop")

    def kill(self) -> None:
        """Kill the server at once, as a power cut would; `start` recovers the data."""
        self._ask("kill")

    def restart(self) -> None:
        self.stop()
        self.start()

    def drop_databases(self) -> None:
        for name in list(self._created):
            self.drop_database(_with_name(self._url, name))

    def _admin(self, statement: str) -> None:
        with connect(self.admin_url) as connection:
            connection.execute(statement.encode())

    def _ask(self, verb: str) -> str:
        if self._keeper is None:
            raise RuntimeError("this server is BOXWOOD_TEST_DATABASE_URL's, not ours to stop: cluster(own=True)")
        return _ask(self._keeper, verb)


def connect(url: str) -> "psycopg.Connection[Any]":
    import psycopg

    return psycopg.connect(url, autocommit=True)


def find() -> Path | None:
    """Return the directory of initdb and postgres: from PATH first, otherwise of the newest installed version."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    for pattern in PLACES:
        found += sorted(Path("/").glob(pattern[1:]), key=_version, reverse=True)
    complete = (place for place in found if (place / "initdb").exists() and (place / "postgres").exists())
    return next(complete, None)


def _version(place: Path) -> int:
    return max((int(part) for part in str(place).replace("/", "@").split("@") if part.isdigit()), default=0)


def _keep(settings: list[str]) -> Iterator[Cluster]:
    binaries = find()
    if binaries is None:
        raise RuntimeError("no PostgreSQL server found (initdb, postgres); bin/test installs one where it may")
    settings = [*settings, "max_connections=200", "dynamic_shared_memory_type=mmap"]
    keeper = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("postgres_keeper.py")), str(binaries), *settings],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        home = _read(keeper)
        _ask(keeper, "start")
        place = f"host={quote(home, safe='')}&port=5432"
        admin_url = f"postgresql://postgres@/postgres?{place}"
        with connect(admin_url) as connection:
            connection.execute("CREATE ROLE boxwood LOGIN")
        yield Cluster(admin_url, f"postgresql://boxwood@/boxwood?{place}", keeper)
    finally:
        keeper.communicate()  # the end of its stdin tells the keeper to clean up; this waits until it has


def _borrow(url: str) -> Iterator[Cluster]:
    server = Cluster(url, url)
    try:
        yield server
    finally:
        server.drop_databases()


def _ask(keeper: "subprocess.Popen[str]", verb: str) -> str:
    assert keeper.stdin is not None
    keeper.stdin.write(verb + "\n")
    keeper.stdin.flush()
    return _read(keeper)


def _read(keeper: "subprocess.Popen[str]") -> str:
    assert keeper.stdout is not None
    status, _, rest = keeper.stdout.readline().strip().partition(" ")
    if status != "ok":
        raise RuntimeError(rest or "the keeper of the PostgreSQL server ended")
    return rest


def _name_of(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def _with_name(url: str, name: str) -> str:
    return urlsplit(url)._replace(path="/" + name).geturl()


if __name__ == "__main__":
    place = find()
    if place is None:
        sys.exit(1)
    print(place)
