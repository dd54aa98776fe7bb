"""`boxwood import-streak`, from one Boxwood to another."""

import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from boxwood.core.accounts import api_keys
from boxwood.core.people import users
from tests.conftest import Server, Store, World, ok
from tests.processes import command, run, store_options
from tests.streak_source import Proxy, Source, alike, reads


class Copy:
    """Another Boxwood, which imports from the source."""

    def __init__(self, store: Store, world: World) -> None:
        self.store, self.world = store, world
        self.proxy = Proxy(world.server.url)
        self.server: Server | None = None
        self.client: httpx.Client | None = None
        # Ada has a user here before the import: her key at the source is an old key.
        run("key", "create", world.ada.email, *store_options(store))

    def arguments(self, *options: str) -> list[str]:
        given = ["--key", self.world.ada.key, "--from", self.proxy.url, "--rate", "1000"]
        return ["import-streak", *given, *options, *store_options(self.store)]

    def command(self, *options: str, fails: bool = False) -> str:
        done = run(*self.arguments(*options), check=False)
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def serve(self) -> httpx.Client:
        self.server = Server(self.store.config()).start()

        def make(db: Any) -> str:
            user = users.by_email(db, self.world.ada.email)
            assert user is not None
            return api_keys.create(db, user, self.world.clock())[1]

        key = self.server.engine.write(make)
        self.client = httpx.Client(base_url=self.server.url, auth=(key, ""), verify=False, trust_env=False, timeout=60)
        return self.client

    def stop(self) -> None:
        if self.server is not None and self.client is not None:
            self.client.close()
            self.server.stop()
        self.server = self.client = None

    def close(self) -> None:
        self.stop()
        self.proxy.close()


@pytest.fixture
def copy(fresh_store: Store, world: World) -> Iterator[Copy]:
    made = Copy(fresh_store, world)
    yield made
    made.close()


@pytest.mark.slow
def test_a_copy_is_equal_to_its_source_and_answers_to_its_keys(copy: Copy, world: World) -> None:
    source = Source(world)
    planned = copy.command("--dry-run")
    assert "boxes: 3 new" in planned
    assert "tasks: 2 there" in planned
    assert "pipelines: 2 new" in planned
    # Killed twice: while boxes arrive, and what is in a box. Limits and broken answers come besides.
    for at in (12, 22):
        copy.proxy.count, copy.proxy.faults = 0, {at: "hang", 2: 429, 3: "cut"}
        copy.proxy.hung.clear()
        copy.proxy.released.clear()
        process = subprocess.Popen([*command(), *copy.arguments()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert copy.proxy.hung.wait(60)
        process.kill()
        process.communicate()
        copy.proxy.released.set()
    copy.proxy.faults = {}
    output = copy.command()
    assert "not as there" not in output, output
    compared = copy.command("--compare")
    assert "differs" not in compared, compared
    assert " new" not in compared, compared
    assert "boxes: 3 same" in compared, compared

    http = copy.serve()
    me, here = ok(http.get("/api/v1/users/me")), ok(http.get("/api/v2/users/me/teams"))["results"][0]
    keys = {world.ada.user_key: me["key"], world.team_key: here["key"]}
    keys |= {"Ada Lovelace": me["fullName"], "Ada L": me["givenName"]}
    members = {
        each["email"]: each["inviteStatus"] for each in ok(http.get(f"/api/v2/teams/{world.team_key}"))["members"]
    }
    assert members == {world.ada.email: "Accepted", world.bo.email: "Pending"}
    for person in (world.ada, world.bo):
        assert ok(http.get(f"/api/v1/users/{person.user_key}"))["email"] == person.email
    for path in reads(source, world.team_key):
        there, answered = ok(world.ada.http.get(f"/api{path}")), ok(http.get(f"/api{path}"))
        assert alike(answered, {}) == alike(there, keys), path
    assert http.get(f"/api/v1/files/{source.file['key']}/contents").content == b"One hundred" * 1000

    # Old keys work in bodies, lists and filters too; texts that look like them stay.
    old = world.ada.user_key
    given = {
        "assignedToSharingEntries": [{"userKey": old}],
        "notes": old,
        "fields": {"1001": old, "1006": [{"userKey": old}]},
    }
    box = ok(http.post(f"/api/v1/boxes/{source.box['key']}", json=given))
    assert [each["userKey"] for each in box["assignedToSharingEntries"]] == [me["key"]]
    assert (box["notes"], box["fields"]["1001"], box["fields"]["1006"][0]["userKey"]) == (old, old, me["key"])
    made = ok(http.post("/api/v2/pipelines", json={"name": "More", "teamKey": world.team_key, "stages": ["A"]}))
    assert made["teamKey"] == here["key"]
    found = ok(http.get("/api/v2/tasks", params={"userKeys": old, "direction": "future"}))["results"]
    assert [task["key"] for task in found] == [source.task["key"]]


@pytest.mark.slow
def test_a_mirror_brings_only_what_changed_and_reports_conflicts(copy: Copy, world: World) -> None:
    source = Source(world, boxes=2)
    copy.command()
    first, second = (box["key"] for box in source.boxes)
    http = copy.serve()
    ok(http.post(f"/api/v1/boxes/{first}", json={"name": "Named here"}))
    ok(http.post(f"/api/v1/boxes/{second}", json={"notes": "Noted here"}))
    ok(http.post(f"/api/v2/tasks/{source.task['key']}", json={"text": "Texted here"}))
    copy.stop()
    ok(world.ada.http.post(f"/api/v1/boxes/{second}", json={"name": "Named there"}))
    ok(world.ada.http.post(f"/api/v2/boxes/{first}/comments", json={"message": "One more"}))
    ok(world.ada.http.post(f"/api/v2/tasks/{source.task['key']}", json={"text": "Texted there", "status": "DONE"}))
    ok(world.ada.http.post(f"/api/v2/contacts/{source.contact['key']}", json={"title": "CEO"}))
    ok(world.ada.http.put(f"/api/v1/pipelines/{source.pipeline['key']}/stages", data={"name": "Signed"}))
    third = world.box(source.pipeline, name="Third", stageKey="5004")
    output = copy.command()
    assert "boxes: 1 same, 1 conflict, 1 new" in output, output
    assert f"boxes {second} Named there: it was changed at the source and here: this stays as it is" in output
    assert f"tasks {source.task['key']} Texted there: it was changed at the source and here" in output
    assert "comments: 2 same, 1 new" in output
    assert "stages: 1 new" in output
    assert "contacts: 1 changed, 1 same" in output
    assert "not as there: boxes" in copy.command("--full")
    differing = copy.command("--compare", fails=True)
    assert f"differs: boxes {second} Named there: name: 'Named there' there, 'Deal 1' here" in differing

    http = copy.serve()
    assert ok(http.get(f"/api/v1/boxes/{first}"))["name"] == "Named here"
    assert ok(http.get(f"/api/v1/boxes/{first}"))["commentCount"] == 3
    assert ok(http.get(f"/api/v1/boxes/{third['key']}"))["stageKey"] == "5004"
    assert ok(http.get(f"/api/v2/contacts/{source.contact['key']}"))["title"] == "CEO"


@pytest.mark.slow
def test_what_goes_wrong_is_said_in_words(copy: Copy, world: World) -> None:
    world.pipeline(name="Deals")
    assert (
        "the key is not accepted (invalid api key)"
        in run(
            "import-streak", "--key", "wrong", "--from", copy.proxy.url, *store_options(copy.store), check=False
        ).stderr
    )
    for status, words in ((402, "the plan may be one without API"), (404, "/v1/users/me cannot be read there: 404")):
        copy.proxy.count, copy.proxy.faults = 0, {1: status}
        assert words in copy.command(fails=True)
    copy.proxy.count, copy.proxy.faults = 0, dict.fromkeys(range(1, 50), 503)
    failed = copy.command(fails=True)
    assert "cannot be read now (it answered 503). Run the import again: it continues here" in failed
    copy.proxy.faults = {}
    assert "name the team to import with --team" in copy.command("--team", "No such team", fails=True)
    assert "--rate must be" in copy.command("--rate", "0", fails=True)
    assert "pipelines: 1 new" in copy.command("--team", "Ada's team")
