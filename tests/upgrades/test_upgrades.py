"""A database of the first version, with data, is upgraded and loses no data."""

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from boxwood.core import idempotency
from boxwood.core.accounts import api_keys
from boxwood.core.people import users
from boxwood.core.records import User
from boxwood.db import postgres_connections, schema
from boxwood.db.engine import Db
from boxwood.db.open import open_engine
from tests.conftest import Person, Server, Store, World, ok
from tests.processes import run, store_options

HERE = Path(__file__).parent


@pytest.fixture
def old(database: Store, tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    """The database as the first version left it."""
    if database.url is None:
        store = Store("sqlite", tmp_path, None)
        Path(store.config().sqlite_path).write_bytes(gzip.decompress((HERE / "first.sqlite3.gz").read_bytes()))
        return store
    store = Store("postgres", tmp_path, request.getfixturevalue("cluster").create_database())
    assert store.url is not None
    subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"],
        input=gzip.decompress((HERE / "first.sql.gz").read_bytes()),
        env={**os.environ, **postgres_connections.environment(store.url)},
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


def test_messages_of_before_become_mails_in_their_boxes_and_in_the_trash(
    old: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "before").mkdir()
    for file in schema.MIGRATIONS.glob("0[0-3]*.py"):
        shutil.copy(file, folder)
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", folder)
        schema.migrate(old.url, old.config().sqlite_path)
    engine = open_engine(old.url, old.config().sqlite_path)
    moved, trashed = engine.write(_store_old_messages)
    engine.close()
    schema.migrate(old.url, old.config().sqlite_path)
    engine = open_engine(old.url, old.config().sqlite_path)

    def read(db: Db) -> Any:
        shown = db.rows("SELECT key, subject, message_id, mail_key FROM whole_messages WHERE sent_at = 7 ORDER BY key")
        (held,) = db.row("SELECT held FROM trash WHERE key = 'h-trashed'") or ("",)
        return shown, json.loads(held), db.rows("SELECT mail_key FROM trash_mails WHERE trash_key = 'h-trashed'")

    shown, held, protected = engine.read(read)
    engine.close()
    # The same mail on two boxes is one mail; another one with its id is not.
    assert [row[:3] for row in shown] == [(key, subject, "1@old.example") for key, subject in moved]
    assert [row[3] == shown[0][3] for row in shown] == [True, True, False]
    (row,) = held["messages"]
    assert (row["key"], row["mail_key"]) == (trashed, protected[0][0])


def _store_old_messages(db: Db) -> tuple[list[tuple[str, str]], str]:
    boxes = db.rows("SELECT key, pipeline_key, creator_key FROM boxes ORDER BY key LIMIT 2")
    columns = (
        "key, box_key, pipeline_key, thread_key, creator_key, identity, message_id, mail_references, subject, sender, "
        "reply_to, recipients, cc, bcc, sent, sent_at, text, html, truncated, created_at"
    )
    stored = []
    for number, ((box, pipeline, user), subject) in enumerate(
        [(boxes[0], "Offer"), (boxes[1], "Offer"), (boxes[1], "Other")]
    ):
        thread, key = f"h-old{number}", f"e-old{number}"
        db.run(
            """
            INSERT INTO threads (key, box_key, pipeline_key, creator_key, subject, names, email_addresses, email_count,
                created_at, updated_at)
            VALUES (:key, :box, :pipeline, :user, :subject, '[]', '[]', 1, 1, 1)
            """,
            key=thread,
            box=box,
            pipeline=pipeline,
            user=user,
            subject=subject,
        )
        values: dict[str, Any] = dict.fromkeys(columns.split(", "), "[]")
        values |= {"key": key, "box_key": box, "pipeline_key": pipeline, "thread_key": thread, "creator_key": user}
        values |= {"message_id": "1@old.example", "subject": subject, "sender": '{"email":"zoe@old.example"}'}
        values |= {"identity": f"1@old.example{number if number == 2 else ''}", "sent": False, "sent_at": 7}
        values |= {"text": "Text", "html": None, "truncated": False, "created_at": 1}
        marks = ", ".join(f":{name}" for name in values)
        db.run(f"INSERT INTO messages ({columns}) VALUES ({marks})", **values)
        stored.append((key, subject))
    trashed = {**values, "key": "e-trashed", "sent": False}
    db.run(
        """
        INSERT INTO trash (key, noun, name, pipeline_key, box_key, actor_key, about, deleted_at, held)
        VALUES ('h-trashed', 'thread', 'Other', :pipeline, :box, :user, '{}', 1, :held)
        """,
        pipeline=values["pipeline_key"],
        box=values["box_key"],
        user=values["creator_key"],
        held=json.dumps({"threads": [], "messages": [trashed], "mail_ids": [], "files": []}),
    )
    return stored, "e-trashed"
