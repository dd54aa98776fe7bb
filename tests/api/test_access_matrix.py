"""The access matrix: every operation of the route table, asked by 21 actors who may not reach the owner's things.

For each operation that names a thing out of the actor's reach, the answer is byte for byte that for an unknown key, and
the owner's things stay unchanged. A new route is covered as soon as it is in the table; the test fails if it names a
noun for which the matrix has no thing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from boxwood.api.http.openapi import endless
from boxwood.api.http.router import Route
from boxwood.api.routes import ROUTES
from boxwood.core.accounts import locked_users, sign_in_links
from boxwood.core.accounts.passkeys import PASSKEYS, Passkey
from boxwood.core.records import PIPELINE_MEMBERS, TEAM_MEMBERS, PipelineMember, TeamMember, permissions
from tests import examples
from tests.conftest import Person, Store, World, ok
from tests.things import PASSWORD, Things, specific_nouns

PERSONAL = set("apikey app session passkey snippet invitation suggestion block mailbox proposal streakimport".split())
PERSONAL |= {"sender", "draft", "waiting_draft", "mailing", "recipient"}
GOVERNED = set("webhook delivery inbound token request view".split())
IN_BOX = set("box task reminder comment meeting file thread message gmail run trashed change".split())
IN_BOX |= {"second_message", "conversation", "other_box", "letter", "sequencerun"}
IN_PIPELINE = set("pipeline stage field import automation validator mailrule sequence form".split()) | IN_BOX | GOVERNED
OF_TEAM = set("contact organization contact_field organization_field other_contact other_organization".split())
OF_TEAM |= {"suppression"}
ALL = PERSONAL | IN_PIPELINE | OF_TEAM | {"team", "user", "colleague"}
FIELDS = {"contact_field", "organization_field"}
"""They stand in the record of the team, which every member sees."""
OF_NOBODY = {"email", "newcomer", "app_request"}
"""Names in requests that are no keys of things."""
NOT_COMPARED = ("/files/{file}/link", "/archive", "/audit", "/audit/export", "/reports/time-in-stage")
"""Ends of paths whose answers hold the time of the request, or the requests of the owner."""


@dataclass
class Actor:
    """A caller who may not reach the things of the hidden nouns."""

    name: str
    hidden: set[str]
    http: httpx.Client = field(repr=False)


@pytest.fixture
def matrix(fresh_store: Store) -> Iterator[World]:
    """A world on a server whose clock stands still and whose jobs do not run."""
    with examples.running(fresh_store) as server:
        yield (created := examples.StillWorld(server))
        created.close()


@pytest.mark.one_database
def test_what_an_actor_cannot_reach_is_unknown_and_stays_unchanged(matrix: World) -> None:
    things = owned_things(matrix)
    routes = [route for route in ROUTES if not route.open and not endless(route)]
    for route in ROUTES:
        for noun in nouns(route):
            assert things.knows(noun) or noun in OF_NOBODY, f"{route.verb} {route.path}: add a {noun} to the matrix"
    known = {noun: things.key(noun) for noun in sorted(ALL)}
    unknown = {noun: unknown_key(key) for noun, key in known.items()}
    actors = all_actors(matrix, things)
    assert len(actors) == 21
    before = snapshot(things)
    faults, asked = [], 0
    for actor in actors:
        for route in routes:
            hidden = nouns(route) & actor.hidden
            if not hidden:
                continue
            asked += 1
            real = ask(matrix, actor, route, things, known)
            made_up = ask(matrix, actor, route, things, {**known, **{noun: unknown[noun] for noun in hidden}})
            if shown(real, known) != shown(made_up, unknown):
                faults.append(f"{actor.name}: {route.verb} {route.path}\n  {real.text}\n  {made_up.text}")
        if snapshot(things) != before:
            faults.append(f"{actor.name} changed something of the owner: {difference(before, snapshot(things))}")
    assert asked > 2500
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults)


@pytest.mark.one_database
def test_no_list_names_what_an_actor_cannot_reach(matrix: World) -> None:
    things = owned_things(matrix)
    known = {noun: things.key(noun) for noun in sorted(ALL)}
    faults = []
    for actor in all_actors(matrix, things):
        hidden = actor.hidden
        if "pipeline" not in hidden:
            # A pipeline names its team and its members, and its history what was set up in it.
            hidden = hidden - GOVERNED - {"automation", "team", "user"}
        secrets = {key for noun, key in known.items() if noun in hidden and len(key) > 15}
        for route in ROUTES:
            if route.verb == "GET" and not route.open and not endless(route) and not nouns(route) & actor.hidden:
                text = ask(matrix, actor, route, things, known).text
                faults += [f"{actor.name}: {route.path} names {key}" for key in secrets if key in text]
    assert not faults, "\n".join(faults)


def nouns(route: Route) -> set[str]:
    """The nouns whose keys the request of a route holds, in its path, query or body."""
    request = {name: value for name, value in examples.sent(route).items() if name not in ("after", "files", "content")}
    return set(re.findall(r"\{([a-z]\w*)\}", specific_nouns(route.path) + repr(request)))


def ask(world: World, actor: Actor, route: Route, things: Things, keys: dict[str, str]) -> httpx.Response:
    """Send the request of the route with these keys."""
    limits = world.server.boxwood.limits._guesses
    limits._full_at, limits._leases = {}, {}
    filler = Things(world)
    filler.created = {**things.created, **keys}
    request = dict(examples.sent(route))
    request.pop("after", None)
    return actor.http.request(route.verb, "/api" + filler.fill_path(route.path), **filler.filled(request))


def shown(answer: httpx.Response, keys: dict[str, str]) -> tuple[Any, ...]:
    """The answer, with names of nouns in place of their keys."""
    text = answer.text
    for noun, key in sorted(keys.items(), key=lambda pair: -len(pair[1])):
        text = text.replace(key, f"<{noun}>")
    return answer.status_code, text, answer.headers.get("content-type"), answer.headers.get("allow")


def unknown_key(key: str) -> str:
    """A key of the same form that nothing has."""
    if key.isdigit():
        return "8" * len(key)
    return key[:-6] + "000000" if key.startswith("n0") is False else "n999999999999"


def snapshot(things: Things) -> dict[str, str]:
    """What the owner reads of their things, by path."""
    found = {}
    for route in ROUTES:
        if route.verb != "GET" or route.open or route.path.endswith(NOT_COMPARED) or "{" not in route.path:
            continue
        answer = things.world.ada.http.get("/api" + things.fill_path(route.path))
        found[route.path] = f"{answer.status_code} {answer.text}"
    return found


def difference(before: dict[str, str], after: dict[str, str]) -> str:
    return "\n".join(f"{path}\n {before[path]}\n {after[path]}" for path in before if before[path] != after[path])


def owned_things(world: World) -> Things:
    """Ada's things: all but contacts and organizations are in a pipeline that only she reaches."""
    things = Things(world)
    private = world.pipeline(name="Private", defaultPermissionSetName=permissions.NO_ACCESS)
    things.created["pipeline"] = private["key"]
    gone = world.box(private)
    ok(world.ada.http.delete(f"/api/v1/boxes/{gone['key']}"))
    things.created["trashed"] = ok(world.ada.http.get("/api/v2/trash"))["results"][0]["key"]
    passkey = Passkey("y-OiCNbe-aaaaaaaaaaaa", world.ada.user_key, "id", "key", 0, "Laptop", world.clock(), None)
    world.server.engine.write(lambda db: PASSKEYS.insert(db, passkey))
    things.created["passkey"] = passkey.key
    return things


def all_actors(world: World, things: Things) -> list[Actor]:
    """The 21 actors, each with what is out of their reach."""
    pipeline = things.key("pipeline")
    team_secret = ok(world.ada.http.put("/api/v1/apikeys", json={"teamKey": world.team_key}))["apiKey"]
    theirs = ok(world.cy.http.get("/api/v2/users/me/teams"))["results"][0]["key"]
    their_secret = ok(world.cy.http.put("/api/v1/apikeys", json={"teamKey": theirs}))["apiKey"]

    def person(name: str, *, team: str = "", role: str = "Member", entry: str = "") -> Person:
        made = world.person(name, name.title(), "Smith")
        world.stack.callback(made.http.close)
        now = world.clock()

        def join(db: Any) -> None:
            if team:
                TEAM_MEMBERS.insert(db, TeamMember(team, made.user_key, role, "Accepted", now))
            if entry:
                PIPELINE_MEMBERS.insert(db, PipelineMember(pipeline, made.user_key, entry, False, now))

        world.server.engine.write(join)
        return made

    def client(secret: str | None, acting: Person | None = None) -> httpx.Client:
        http = world.stack.enter_context(world.client(secret))
        if acting:
            http.headers["X-Boxwood-Act-As"] = acting.email
        return http

    ours = world.team_key
    archived = person("archived", team=ours, role="ArchiveOnly", entry=permissions.ADMIN)
    locked = person("locked", team=ours, entry=permissions.ADMIN)
    world.server.engine.write(lambda db: locked_users.lock(db, locked.user, world.clock()))
    revoked = person("revoked", team=ours, entry=permissions.ADMIN)
    for key in ok(revoked.http.get("/api/v1/apikeys")):
        ok(revoked.http.delete(f"/api/v1/apikeys/{key['key']}"))
    left = person("left", team=ours, entry=permissions.EDITOR)
    ok(left.http.post(f"/api/v2/teams/{ours}/members/me/leave", json={}))
    insider = person("insider", team=theirs, entry=permissions.ADMIN)
    no_access = person("noaccess", team=ours, entry=permissions.NO_ACCESS)
    viewer = person("viewer", team=ours, entry=permissions.VIEWER)
    inside = PERSONAL | IN_PIPELINE
    restricted = PERSONAL | GOVERNED | IN_BOX | {"automation"}
    sees = PERSONAL | (GOVERNED - {"view"})
    return [
        Actor("stranger", ALL, world.cy.http),
        Actor("archived member", ALL, archived.http),
        Actor("locked user", ALL, locked.http),
        Actor("revoked key", ALL, revoked.http),
        Actor("member who left", ALL, left.http),
        Actor("ended session", ALL, ended_session(world)),
        Actor("TEAM key for an archived member", ALL, client(team_secret, archived)),
        Actor("TEAM key for a stranger", ALL, client(team_secret, world.cy)),
        Actor("TEAM key of another team", ALL, client(their_secret)),
        Actor("TEAM key of another team for a member of the pipeline", ALL, client(their_secret, insider)),
        Actor("anonymous", ALL, client(None)),
        Actor("unknown key", ALL, client("bw_unknown")),
        Actor("member with no access", inside, no_access.http),
        Actor("member without an entry", inside, person("without", team=ours).http),
        Actor(
            "payer",
            inside | (OF_TEAM - FIELDS),
            person("payer", team=ours, role="PayerOnly", entry=permissions.ADMIN).http,
        ),
        Actor("TEAM key for a member with no access", inside, client(team_secret, no_access)),
        Actor("observer", restricted, person("observer", team=ours, entry=permissions.OBSERVER).http),
        Actor("assignee", restricted, person("assignee", team=ours, entry=permissions.ASSIGNEE).http),
        Actor("viewer", sees, viewer.http),
        Actor("guest", sees | OF_TEAM | {"team"}, person("guest", entry=permissions.VIEWER).http),
        Actor("TEAM key for a viewer", sees, client(team_secret, viewer)),
    ]


def ended_session(world: World) -> httpx.Client:
    """A browser of a member of the pipeline whose session was ended."""

    path = world.server.engine.write(lambda db: sign_in_links.make(db, world.bo.user, "welcome", world.clock()))
    browser = world.stack.enter_context(world.client(None))
    body = {"token": path.partition("#")[2], "password": PASSWORD}
    browser.headers["X-CSRF-Token"] = ok(browser.post("/api/v2/session/link", json=body))["csrfToken"]
    ok(world.bo.http.delete("/api/v2/sessions"))
    return browser
