"""A database of the first version, with data, is upgraded and loses no data."""

import gzip
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from boxwood.core import idempotency
from boxwood.core.accounts import api_keys
from boxwood.core.people import users
from boxwood.core.records import User
from boxwood.db import schema
from boxwood.db.engine import Db
from boxwood.db.open import open_engine
from tests.conftest import Person, Server, Store, World, ok
from tests.processes import run, store_options

HERE = Path(__file__).parent
VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE", "password": "PGPASSWORD"}


@pytest.fixture
def old(database: Store, tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    """The database as the first version left it."""
    if database.url is None:
        store = Store("sqlite", tmp_path, None)
        Path(store.config().sqlite_path).write_bytes(gzip.decompress((HERE / "first.sqlite3.gz").read_bytes()))
        return store
    store = Store("postgres", tmp_path, request.getfixturevalue("cluster").create_database())
    assert store.url is not None
    variables = {
        VARIABLES[name]: str(value) for name, value in conninfo_to_dict(store.url).items() if name in VARIABLES
    }
    subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"],
        input=gzip.decompress((HERE / "first.sql.gz").read_bytes()),
        env={**os.environ, **variables},
        check=True,
        capture_output=True,
    )
    return store


@pytest.fixture
def ada(old: Store) -> Iterator[Any]:
    """The owner of the data, with an API key, on a server of the current version."""
    schema.migrate(old.url, old.config().sqlite_path)
    server = Server(old.config()).start()

    def make(db: Db) -> tuple[User, str]:
        row = db.row("SELECT email FROM users WHERE email LIKE 'ada@%'")
        assert row is not None
        user = users.by_email(db, row[0])
        assert user is not None
        return user, api_keys.create(db, user, server.clock())[1]

    user, key = server.engine.write(make)
    world = World.__new__(World)
    world.server = server
    with world.client(key) as http:
        yield Person(user, key, http)
    server.stop()


def test_an_upgrade_keeps_all_data(ada: Person) -> None:
    (pipeline,) = ok(ada.http.get("/api/v1/pipelines"))
    url = f"/api/v2/pipelines/{pipeline['key']}"
    boxes = {box["name"]: box for box in ok(ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))}
    assert set(boxes) == {"Acme moved", "Acme 1", "Acme 2"}
    for number, box in enumerate((boxes["Acme moved"], boxes["Acme 1"], boxes["Acme 2"])):
        assert (box["fields"]["1001"], set(box["fields"])) == (str(number * 10), {"1001", "1002"})
        tasks = ok(ada.http.get(f"/api/v2/boxes/{box['key']}/tasks"))["results"]
        comments = ok(ada.http.get(f"/api/v2/boxes/{box['key']}/comments"))["results"]
        assert [task["text"] for task in tasks] == [f"call {number}"]
        assert [comment["message"] for comment in comments] == [f"said {number}"]
        (named,) = box["contacts"]
        assert ok(ada.http.get(f"/api/v2/contacts/{named['key']}"))["givenName"] == "Konrad"
    assert len(ok(ada.http.get(f"/api/v1/boxes/{boxes['Acme 1']['key']}/threads"))) == 1
    assert len(ok(ada.http.get(f"{url}/views"))["results"]) == 1
    assert len(ok(ada.http.get(f"{url}/webhooks"))["results"]) == 1
    assert str(ok(ada.http.get("/api/v1/search", params={"query": "moved"}))).count(boxes["Acme moved"]["key"]) >= 1


def test_answers_that_were_stored_before_lose_their_secrets(old: Store) -> None:
    secret, path = "bw_" + "s3cret" * 3000, Path(old.config().sqlite_path)
    columns = "user_key, idempotency_key, digest, status, body, at"
    sql = f"INSERT INTO answers ({columns}) VALUES ('u-1', 'k1', 'd', 200, :b, 1)"
    engine = open_engine(old.url, str(path), readers=1)
    engine.write(lambda db: db.run(sql, b=secret))
    engine.close()
    schema.migrate(old.url, str(path))
    engine = open_engine(old.url, str(path), readers=1)
    rows = engine.read(lambda db: db.rows("SELECT idempotency_key, digest, body, seen FROM answers"))
    engine.close()
    assert rows == [(idempotency.hashed("u-1", "k1"), "", "", None)]
    assert all(b"s3crets3cret" not in file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def test_stored_addresses_get_their_one_form(old: Store) -> None:
    path = str(old.config().sqlite_path)
    engine = open_engine(old.url, path, readers=1)
    engine.write(lambda db: db.run("UPDATE users SET email = 'mailto:' || email || '.'"))
    spoiled = '["mailto:k@z.example", "k@z.example.", "u@xn--mnchen-3ya.example"]'
    engine.write(lambda db: db.run("UPDATE contacts SET email_addresses = :emails", emails=spoiled))
    engine.close()
    schema.migrate(old.url, path)
    engine = open_engine(old.url, path, readers=1)
    emails = engine.read(lambda db: db.rows("SELECT email FROM users"))
    assert emails
    assert all(email == email.removeprefix("mailto:").removesuffix(".") for (email,) in emails)
    known = engine.read(
        lambda db: db.rows("SELECT value FROM identifiers WHERE kind = 'email' AND noun = 'contacts' ORDER BY value")
    )
    engine.close()
    assert {value for (value,) in known} == {"k@z.example", "u@münchen.example"}


def test_later_features_work_on_upgraded_data(ada: Person) -> None:
    (pipeline,) = ok(ada.http.get("/api/v1/pipelines"))
    funnel = ok(ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/reports/funnel"))
    assert [(stage["reached"], stage["now"]) for stage in funnel["stages"]] == [(3, 2), (1, 1)]
    (moved,) = [box for box in ok(ada.http.get("/api/v1/boxes")) if box["name"] == "Acme moved"]
    history = ok(ada.http.get(f"/api/v2/boxes/{moved['key']}/history"))["results"]
    assert {"box.moved", "box.renamed", "box.created"} <= {entry["kind"] for entry in history}
    (renamed,) = [entry["key"] for entry in history if entry["kind"] == "box.renamed"]
    ok(ada.http.post("/api/v2/undo", json={"event": renamed}))
    assert ok(ada.http.get(f"/api/v1/boxes/{moved['key']}"))["name"] == "Acme 0"
    ok(ada.http.delete(f"/api/v1/boxes/{moved['key']}"))
    ok(ada.http.post(f"/api/v2/trash/{moved['key']}/restore"))
    assert len(ok(ada.http.get(f"/api/v2/boxes/{moved['key']}/comments"))["results"]) == 1


def test_the_command_upgrades_the_database_and_the_doctor_finds_no_faults(old: Store) -> None:
    old.data.chmod(0o700)
    before = run("doctor", *store_options(old), check=False)
    assert before.returncode == 1
    assert "boxwood migrate" in before.stdout
    assert "0180-changes" in run("migrate", *store_options(old)).stdout
    found = run("doctor", *store_options(old), check=False)
    assert "BAD" not in found.stdout, found.stdout
    assert "3 boxes" in found.stdout
