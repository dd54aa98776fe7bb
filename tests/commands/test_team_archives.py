"""`boxwood export --team` and `boxwood import --team`: a whole team in one file, given back elsewhere."""

import subprocess
import sys
import tarfile
from collections.abc import Callable
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from boxwood.core.accounts import api_keys
from boxwood.core.activity.mail.matching import Decision
from boxwood.core.context import Ctx
from boxwood.core.event_kinds import EVENT_KINDS
from boxwood.core.events import NAMES as EVENT_NAMES
from boxwood.core.import_export import team_export
from boxwood.core.people import users
from boxwood.errors import Invalid, Unavailable
from boxwood.jobs import team_archives
from boxwood.jobs.team_archives import Imported
from boxwood.lib import archive
from tests.conftest import Server, Store, World, make_store, ok
from tests.mail_in import mailbox_of, raw_mail, receive
from tests.processes import MAIN, ROOT, run, store_options
from tests.streak_source import Source, alike, reads

SECRET = "a-very-secret-word"
KILLED = """
import os, signal
from boxwood.core.import_export import team_imports
advance, left = team_imports.advance, [{at}]
def advance_or_die(*given, **more):
    done = advance(*given, **more)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
team_imports.advance = advance_or_die
"""
"""The process is killed in the middle of a transaction, after so many steps."""


def filled(world: World) -> Source:
    """Ada's team with everything in it, also mail, an automation with a secret, a rule and a webhook."""
    source = Source(world)
    http, key, box = world.ada.http, source.pipeline["key"], source.box["key"]
    mailbox, chosen = mailbox_of(world, "ada"), Decision("store", "chosen", [box])
    receive(world, "ada", mailbox, raw_mail(1, files={"price.txt": b"1200"}), decision=chosen)
    receive(world, "ada", mailbox, raw_mail(2, subject="Re: Offer", answers=1), decision=chosen)
    rule = {"name": "Has a size", "mode": "WARN", "assertion": {"field": "1001", "op": "isNotEmpty"}}
    ok(http.post(f"/api/v2/pipelines/{key}/validators", json=rule))
    steps = [{"type": "box.edit", "name": "note", "with": {"notes": "Seen"}}]
    automation = {
        "name": "Note",
        "trigger": {"type": "box.created"},
        "steps": steps,
        "secrets": {"word": SECRET},
        "pipelineKey": key,
    }
    ok(http.post("/api/v2/automations", json=automation))
    hook = {"event": "BOX_CREATE", "targetUrl": f"https://hooks.example/{SECRET}"}
    ok(http.post(f"/api/v2/pipelines/{key}/webhooks", json=hook))
    return source


def compared(source: Source, team_key: str) -> list[str]:
    key, box = source.pipeline["key"], source.box["key"]
    paths = [f"/v2/pipelines/{key}/validators", f"/v2/boxes/{box}/threads"]
    paths += [f"/v2/boxes/{each['key']}" for each in source.boxes]
    return [*reads(source, team_key), *paths]


class Target:
    """Another Boxwood, where Ada has a user of her own."""

    def __init__(self, store: Store, world: World) -> None:
        self.store, self.world = store, world
        run("key", "create", world.ada.email, *store_options(store))

    def arguments(self, *given: str) -> list[str]:
        return [*given, *store_options(self.store)]

    def serve(self) -> tuple[Server, httpx.Client]:
        server = Server(self.store.config()).start()

        def make(db: Any) -> str:
            user = users.by_email(db, self.world.ada.email)
            assert user is not None
            return api_keys.create(db, user, self.world.clock())[1]

        key = server.engine.write(make)
        return server, httpx.Client(base_url=server.url, auth=(key, ""), verify=False, trust_env=False, timeout=60)


def exported(world: World, to: Path) -> str:
    config = world.server.boxwood.config
    options = ["--data", str(config.data), *(["--database-url", config.database_url] if config.database_url else [])]
    return run("export", "--team", world.team_key, str(to), *options).stdout


def same(world: World, source: Source, http: httpx.Client) -> None:
    """Everything reads alike on both sides, with the keys that the source gave."""
    me = ok(http.get("/api/v1/users/me"))
    keys = {world.ada.user_key: me["key"], "Ada Lovelace": me["fullName"], "Ada L": me["givenName"]}
    for path in compared(source, world.team_key):
        there, here = ok(world.ada.http.get(f"/api{path}")), ok(http.get(f"/api{path}"))
        assert _comparable(here, {}) == _comparable(there, keys), path
    feeds = [ok(each.get(f"/api/v1/boxes/{source.box['key']}/newsfeed")) for each in (world.ada.http, http)]
    there, here = ([(each["timestamp"], each["storyTextGlobal"]) for each in feed] for feed in feeds)
    assert here == there
    for each in ok(world.ada.http.get(f"/api/v1/boxes/{source.box['key']}/files")):
        if each.get("fileType") != "DRIVE":
            path = f"/api/v1/files/{each['key']}/contents"
            assert http.get(path).content == world.ada.http.get(path).content
    members = {
        each["email"]: each["inviteStatus"] for each in ok(http.get(f"/api/v2/teams/{world.team_key}"))["members"]
    }
    assert members == {world.ada.email: "Accepted", world.bo.email: "Pending"}


def _comparable(value: Any, keys: dict[str, str]) -> Any:
    found = alike(value, keys)
    return _without(found, ("changeId", "lastUpdatedTimestamp"))


def _without(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {name: _without(item, names) for name, item in value.items() if name not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


@pytest.mark.long
def test_a_team_comes_whole_although_the_import_is_killed(world: World, fresh_store: Store, tmp_path: Path) -> None:
    source, file = filled(world), tmp_path / "team.tar"
    output = exported(world, file)
    assert "set again: webhook BOX_CREATE" in output, output
    assert "set again: automation Note" in output
    content = file.read_bytes()
    for secret in (SECRET, world.ada.key):
        assert secret.encode() not in content
    with tarfile.open(file) as tar:
        assert b"The price is 1200" in b"".join(
            tar.extractfile(each).read()
            for each in tar
            if each.name.startswith("files/")  # type: ignore[union-attr]
        )
    target = Target(fresh_store, world)
    assert "It would bring" in run(*target.arguments("import", "--team", "Copy", str(file), "--dry-run")).stdout
    given = target.arguments("import", "--team", "Ada's team", str(file), "--as", world.ada.email)
    for at in (3, 20, 15):
        program = [sys.executable, "-c", f"{KILLED.format(at=at)}\n{MAIN}", *given]
        assert subprocess.run(program, cwd=ROOT, capture_output=True, timeout=120).returncode == -9
    assert "Imported: the team" in run(*given).stdout
    server, http = target.serve()
    try:
        same(world, source, http)
        found = ok(http.get(f"/api/v2/pipelines/{source.pipeline['key']}/automations"))["results"]
        assert [(each["name"], each["enabled"]) for each in found] == [("Note", False)]
        search = ok(http.get("/api/v1/search", params={"query": "Deal 1"}))
        assert [each["boxKey"] for each in search["results"]["boxes"]] == [source.boxes[1]["key"]]
        before = ok(http.get("/api/v2/users/me/teams"))["results"]
    finally:
        http.close()
        server.stop()
    assert "Imported before" in run(*given).stdout
    server, http = target.serve()
    try:
        assert ok(http.get("/api/v2/users/me/teams"))["results"] == before
        same(world, source, http)
    finally:
        http.close()
        server.stop()


def make(world: World, to: Path) -> Path:
    boxwood = world.server.boxwood
    team_archives.make(
        world.server.engine, boxwood.store, to, lambda db: team_export.whole(db, world.team_key), world.clock()
    )
    return to


def bring(world: World, file: Path, name: str, **more: Any) -> Imported | None:
    boxwood = world.server.boxwood
    return team_archives.bring(world.server.engine, boxwood.store, file, world.ada.user, world.clock, name=name, **more)


@pytest.mark.slow
def test_a_copy_beside_the_original_has_keys_of_its_own(world: World, tmp_path: Path) -> None:
    source, file = filled(world), tmp_path / "team.tar"
    make(world, file)
    http, paths = world.ada.http, [path for path in compared(source, world.team_key) if path != "/v1/snippets"]
    before = {path: ok(http.get(f"/api{path}")) for path in paths}
    # Stopped after every sixth step, and continued.
    steps, tries = count(), 0
    while (done := bring(world, file, "Copy", goes_on=lambda job: next(steps) % 7 < 6)) is None:
        tries += 1
    assert tries > 5
    assert not done.job.left_out
    again = bring(world, file, "Copy")
    assert again is not None
    assert again.was_done
    assert {path: ok(http.get(f"/api{path}")) for path in paths} == before
    copy = next(each for each in ok(http.get("/api/v2/users/me/teams"))["results"] if each["name"] == "Copy")
    assert copy["key"] == done.job.team_key != world.team_key
    pipelines = [each for each in ok(http.get("/api/v1/pipelines")) if each["teamKey"] == copy["key"]]
    assert sorted(each["name"] for each in pipelines) == ["Deals", "Hiring"]
    deals = next(each for each in pipelines if each["name"] == "Deals")
    boxes = {each["name"]: each for each in ok(http.get(f"/api/v1/pipelines/{deals['key']}/boxes"))}
    assert sorted(boxes) == sorted(each["name"] for each in source.boxes)
    contacts = {each["key"] for each in ok(http.get(f"/api/v2/teams/{copy['key']}/contacts"))["results"]}
    box = boxes["Deal 0"]
    assert {each["key"] for each in box["contacts"]} <= contacts
    assert set(box["fields"][source.fields["people"]["key"]]) <= contacts
    assert box["linkedBoxKeys"] == [boxes["Deal 1"]["key"]]
    comments = ok(http.get(f"/api/v2/boxes/{box['key']}/comments"))["results"]
    assert {each.get("parent") for each in comments} <= {None, *(each["key"] for each in comments)}
    copied = next(each for each in ok(http.get(f"/api/v1/boxes/{box['key']}/files")) if each["fileName"] == "offer.txt")
    assert http.get(f"/api/v1/files/{copied['key']}/contents").content == b"One hundred" * 1000
    assert ok(http.get(f"/api/v1/boxes/{source.box['key']}")) == before[f"/v1/boxes/{source.box['key']}"]


@pytest.mark.slow
def test_an_owner_downloads_what_they_see_and_imports_it(world: World, tmp_path: Path) -> None:
    source, file = filled(world), tmp_path / "team.tar"
    ok(world.ada.http.post(f"/api/v2/pipelines/{source.pipeline['key']}/forms", json={"name": "Contact us"}))
    hidden = {"name": "Bo's own", "stages": ["A"], "teamKey": world.team_key, "teamWide": False}
    hidden = ok(world.bo.http.post("/api/v2/pipelines", json=hidden))
    assert world.ada.http.get(f"/api/v1/pipelines/{hidden['key']}").status_code == 404
    answer = world.ada.http.get(f"/api/v2/teams/{world.team_key}/archive")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-tar"
    assert SECRET.encode() not in answer.content
    assert b"Bo's own" not in answer.content
    file.write_bytes(answer.content)
    done = bring(world, file, "Downloaded")
    assert done is not None
    assert not done.job.left_out
    assert done.job.counts["boxes"] == 3
    assert done.job.counts["forms"] == 1
    for person, status in ((world.bo, 403), (world.cy, 404)):
        assert person.http.get(f"/api/v2/teams/{world.team_key}/archive").status_code == status
    audit = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/audit", params={"kind": "team.exported"}))
    assert len(audit["results"]) == 1


def test_an_owner_downloads_no_private_mail_of_others(world: World) -> None:
    box = world.box(world.pipeline())["key"]
    chosen = Decision("store", "chosen", [box])
    words = {"private": "Confidential", "metadata": "Narrow", "full": "Public"}
    threads = {}
    for at, (share, subject) in enumerate(words.items()):
        raws = [raw_mail(10 * at + 1, subject=subject, text=subject, files={f"{subject}.txt": b"1200"})]
        raws.append(raw_mail(10 * at + 9, subject=f"Own {at}"))
        receive(world, "bo", mailbox_of(world, "bo", share=share), raws[0], decision=chosen)
        receive(world, "ada", mailbox_of(world, "ada", share=share), raws[1], decision=chosen)
    for thread in ok(world.bo.http.get(f"/api/v2/boxes/{box}/threads")):
        threads[thread["subject"]] = thread["key"]
    # Events of every kind that tells of mail, with the records of those that there are.
    kinds = [kind for kind in EVENT_KINDS if kind.startswith(("thread.", "message.", "file."))]

    def repeated(ctx: Ctx) -> None:
        names = ", ".join(EVENT_NAMES)
        for kind in kinds:
            like = f"{kind.split('.')[0]}.added"
            columns = ", ".join(":kind" if name == "kind" else name for name in EVENT_NAMES)
            ctx.db.run(
                f"INSERT INTO events ({names}) SELECT {columns} FROM events WHERE kind = :like AND box_key = :box",
                kind=kind,
                like=like,
                box=box,
            )

    world.as_("bo", repeated)

    def lines(name: str) -> list[bytes]:
        answer = world.ada.http.get(f"/api/v2/teams/{world.team_key}/archive")
        assert b"Confidential" not in answer.content
        assert b"Narrow" not in answer.content
        with tarfile.open(fileobj=BytesIO(answer.content)) as tar:
            member = tar.extractfile(name)
            assert member is not None
            return member.read().splitlines()

    events = [msgspec.json.decode(line) for line in lines("events.jsonl")]
    shown = {each["kind"] for each in events if b"Public" in msgspec.json.encode(each)}
    assert shown >= set(kinds)
    assert any(b"Own 0" in msgspec.json.encode(each) for each in events)
    # Removed conversations.
    for subject in ("Confidential", "Narrow", "Public"):
        ok(world.bo.http.delete(f"/api/v2/threads/{threads[subject]}"))
    removed = {msgspec.json.decode(line)["thread_key"] for line in lines("removedMailIds.jsonl")}
    assert removed == {threads["Public"]}


def test_an_import_makes_no_user_who_is_here_an_owner(world: World, tmp_path: Path) -> None:
    world.pipeline()
    owners = [{"userKey": person.user_key, "role": "Owner"} for person in (world.ada, world.bo)]
    team = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"members": owners}))
    assert {each["role"] for each in team["members"]} == {"Owner"}
    done = bring(world, make(world, tmp_path / "team.tar"), "Copy")
    assert done is not None
    found = ok(world.ada.http.get(f"/api/v2/teams/{done.job.team_key}"))["members"]
    assert {each["email"]: each["role"] for each in found} == {world.ada.email: "Owner", world.bo.email: "Member"}


@pytest.mark.slow
def test_an_archive_is_given_back_on_the_other_database(
    world: World, database: Store, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source, file = filled(world), make(world, tmp_path / "team.tar")
    (tmp_path / "other").mkdir()
    other = make_store("sqlite" if database.name == "postgres" else "postgres", tmp_path / "other", request)
    target = Target(other, world)
    server, http = target.serve()
    try:
        user = server.engine.read(lambda db: users.by_email(db, world.ada.email))
        assert user is not None
        team_archives.bring(server.engine, server.boxwood.store, file, user, world.clock, name="Ada's team")
        same(world, source, http)
    finally:
        http.close()
        server.stop()


def changed(file: Path, to: Path, change: Callable[[str, bytes], bytes], about: dict[str, Any] | None = None) -> Path:
    """The archive with other bytes in its members, and a manifest that fits."""
    with tarfile.open(file) as tar:
        description = msgspec.json.decode(tar.extractfile("manifest.json").read())["told"]  # type: ignore[union-attr]
        members = []
        for info in tar:
            if info.name != "manifest.json":
                content = change(info.name, tar.extractfile(info).read())  # type: ignore[union-attr]
                members.append(archive.Member(info.name, len(content), [content]))
    archive.write(to, members, {**description, **(about or {})})
    return to


def test_bad_archives_are_refused_and_reach_nothing_of_others(world: World, tmp_path: Path) -> None:
    pipeline, file = world.pipeline(), tmp_path / "team.tar"
    box = world.box(pipeline, name="Ours")
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": "Hello"}))
    cy = world.cy.http
    theirs = ok(cy.post("/api/v2/pipelines", json={"name": "Theirs", "stages": ["A"]}))
    target = ok(cy.post(f"/api/v2/pipelines/{theirs['key']}/boxes", json={"name": "Theirs"}))
    make(world, file)
    content = file.read_bytes()
    damaged = {
        "half": (content[: len(content) // 2], "is not an archive of a team, or is incomplete|its end is missing"),
        "another file": (b"hello" * 1000, "is not an archive of a team"),
        "a changed byte": (content.replace(b'"Ours"', b'"Mine"'), "boxes.jsonl.* is not as it was written"),
    }
    for name, (bad, reason) in damaged.items():
        (tmp_path / "bad.tar").write_bytes(bad)
        with pytest.raises(Unavailable, match=reason):
            bring(world, tmp_path / "bad.tar", name)
    newer = changed(file, tmp_path / "newer.tar", lambda name, text: text, {"format": 9})
    with pytest.raises(Unavailable, match="format 9"):
        bring(world, newer, "Newer")
    assert len(ok(world.ada.http.get("/api/v2/users/me/teams"))["results"]) == 1
    wrong = changed(file, tmp_path / "wrong.tar", lambda name, text: text.replace(b'"name":"Ours"', b'"name":7'))
    with pytest.raises(Invalid, match=r"boxes\.jsonl is no record"):
        bring(world, wrong, "Wrong")

    # A comment and a box that claim to belong to what is Cy's.
    def crafted(name: str, text: bytes) -> bytes:
        if name == "comments.jsonl":
            text = text.replace(box["key"].encode(), target["key"].encode())
        if name == "boxes.jsonl":
            text = text.replace(pipeline["key"].encode(), theirs["key"].encode())
        return text

    done = bring(world, changed(file, tmp_path / "crafted.tar", crafted, {"archive": "0" * 32}), "Crafted")
    assert done is not None
    assert done.job.left_out == {"boxes": 1, "comments": 1}
    assert len(ok(cy.get(f"/api/v1/pipelines/{theirs['key']}/boxes"))) == 1
    assert ok(cy.get(f"/api/v2/boxes/{target['key']}/comments"))["results"] == []
