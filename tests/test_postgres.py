"""The throw-away PostgreSQL server itself: it does what it promises and leaves no data behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests import postgres

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Cluster]:
    with postgres.cluster(durable=True, own=True) as server:
        yield server


def test_databases_are_separate_and_owned_by_an_ordinary_role(server: postgres.Cluster) -> None:
    first, second = server.create_database(), server.create_database()
    with postgres.connect(first) as connection, postgres.connect(second) as other_connection:
        connection.execute("CREATE TABLE t (n integer)")
        assert other_connection.execute("SELECT to_regclass('t')").fetchone() == (None,)
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)


def test_a_copy_holds_the_data_of_its_template(server: postgres.Cluster) -> None:
    template = server.create_database()
    with postgres.connect(template) as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS n")
    with postgres.connect(server.create_database(template)) as connection:
        assert connection.execute("SELECT n FROM t").fetchone() == (7,)
        connection.execute("INSERT INTO t VALUES (8)")


def test_committed_data_survives_a_kill(server: postgres.Cluster) -> None:
    url = server.create_database()
    with postgres.connect(url) as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS n")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        postgres.connect(url)
    server.start()
    with postgres.connect(url) as connection:
        assert connection.execute("SELECT n FROM t").fetchone() == (7,)


def test_a_restart_ends_connections_and_accepts_new_ones(server: postgres.Cluster) -> None:
    url = server.create_database()
    with postgres.connect(url) as connection:
        server.restart()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with postgres.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_database_in_use_can_be_dropped(server: postgres.Cluster) -> None:
    url = server.create_database()
    with postgres.connect(url):
        server.drop_database(url)
    with pytest.raises(psycopg.OperationalError):
        postgres.connect(url)


def test_an_existing_server_is_used_when_named_and_left_as_it_was(
    server: postgres.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOXWOOD_TEST_DATABASE_URL", server.admin_url)
    with postgres.cluster() as borrowed:
        url = borrowed.create_database()
        assert urlsplit(url).query == urlsplit(server.admin_url).query
        with pytest.raises(RuntimeError, match="not ours"):
            borrowed.kill()
    with pytest.raises(psycopg.OperationalError):
        postgres.connect(url)


def test_no_server_is_left_when_the_test_run_is_killed() -> None:
    program = """
from tests import postgres
with postgres.cluster(own=True) as server:
    print(server.admin_url, flush=True)
    input()
"""
    run = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    home = Path(parse_qs(urlsplit(run.stdout.readline()).query)["host"][0])
    postmaster = int((home / "data" / "postmaster.pid").read_text().splitlines()[0])
    run.kill()
    run.communicate()
    deadline = time.monotonic() + 120
    while home.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not home.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(postmaster, signal.SIGCONT)
