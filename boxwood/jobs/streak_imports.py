"""Runs an import from a server with the Streak API: reads it page by page, and writes each page in a transaction.

What came is stored with it in the same transaction. A run that breaks off, or is killed, is continued by the next run,
which reads the lists again and skips what is here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from ..core import stored_files
from ..core.activity.streak import boxes, comparing, entries, imports, inside, people, pipelines, reading, snippets
from ..core.activity.streak.imports import NEW, REFUSED, Report, StreakImport
from ..core.activity.streak.inside import Content
from ..core.activity.streak.reading import Json, Names
from ..core.context import Ctx
from ..core.people import old_keys
from ..core.people.contact_access import Noun
from ..core.people.contacts import CONTACTS
from ..core.people.organizations import ORGANIZATIONS
from ..core.records import Pipeline, Team, User
from ..db.engine import Db, Engine
from ..errors import Problem
from ..lib.blobs import Blobs, StoreFailed, new_id
from ..lib.streak_client import Absent, SourceFailed, StreakClient

T = TypeVar("T")
IMPORT, DRY_RUN, COMPARE = "import", "dry run", "compare"
_INSIDE = {
    "tasks": ("/v2/boxes/{}/tasks", ("taskTotal",)),
    "comments": ("/v2/boxes/{}/comments", ("commentCount",)),
    "meetings": ("/v2/boxes/{}/meetings", ("callLogCount", "meetingNotesCount")),
    "threads": ("/v1/boxes/{}/threads", ("gmailThreadCount",)),
    "files": ("/v1/boxes/{}/files", ("fileCount",)),
}
"""The list of each noun in a box, and the numbers of the box that say whether it has any."""


class Run:
    """One run of an import. `wanted` is the team of the source by key or name; `since` leaves older boxes out.

    A dry run writes nothing and counts; a comparison writes nothing and lists every difference.
    """

    def __init__(
        self,
        engine: Engine,
        store: Blobs,
        client: StreakClient,
        clock: Callable[[], int],
        actor: User,
        team: Team,
        *,
        wanted: str = "",
        since: int = 0,
        full: bool = False,
        mode: str = IMPORT,
        progress: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.engine, self.store, self.client, self.clock = engine, store, client, clock
        self.actor, self.team = actor, team
        self.wanted, self.since, self.full, self.mode = wanted, since, full, mode
        self.progress = progress
        self.report = Report()
        self.names = Names(team.key, actor.key)
        self.fields: dict[str, dict[str, str]] = {}
        self.job: StreakImport | None = None
        self._unknown: set[str] = set()

    async def run(self) -> Report:
        """Run to the end. Raises `SourceFailed`, `StoreFailed` or a `Problem`; what came until then stays."""
        source_team = await self._find_team()
        if self.mode == IMPORT:
            self.job = await self._write(
                lambda ctx, report: imports.begin(ctx, self.team, self.client.url, source_team["key"])
            )
        try:
            await self._bring(source_team)
        except (SourceFailed, StoreFailed, Problem, OSError) as problem:
            await self._end(str(problem))
            raise
        await self._end(None)
        return self.report

    async def _end(self, error: str | None) -> None:
        self.report.requests = self.client.requests
        if (job := self.job) is not None:
            await self._write(lambda ctx, report: imports.end(ctx, job, self.report, error))

    async def _bring(self, source_team: Json) -> None:
        await self._people(source_team)
        for noun in (ORGANIZATIONS, CONTACTS):
            await self._entries(source_team["key"], noun)
        if self.mode == IMPORT:
            for noun in (ORGANIZATIONS, CONTACTS):
                async for page in self._pages_of_entries(source_team["key"], noun):
                    await self._write(partial(entries.link, noun=noun, given=page, names=self.names))
        taken = [given async for given in self._pipelines(source_team["key"])]
        for given in taken:
            await self._boxes(given)
        if self.mode == IMPORT:
            for given in taken:
                await self._link_boxes(given)
        keys = {str(given["key"]) for given in taken}
        for given in taken:
            await self._views(given)
        await self._snippets(keys)

    # The team and its people

    async def _find_team(self) -> Json:
        await self.client.get("/v1/users/me")
        found = [team async for page in self.client.pages("/v2/users/me/teams") for team in page]
        named = [team for team in found if self.wanted in (team.get("key"), team.get("name"))] if self.wanted else found
        if len(named) == 1:
            team: Json = await self.client.get(f"/v2/teams/{reading.checked_key(named[0].get('key'), 'team')}")
            return {**named[0], **team}
        shown = ", ".join(f"{team.get('name')} ({team.get('key')})" for team in found) or "none"
        raise SourceFailed(f"name the team to import with --team: the key sees {shown}")

    async def _people(self, source_team: Json) -> None:
        self.progress("people")
        members = [{**member, "userKey": member.get("userKey")} for member in source_team.get("members") or []]
        await self._meet(members)
        if self.mode != IMPORT:
            await self.engine.read_soon(lambda db: self._recognize(db, source_team))
            return

        def work(ctx: Ctx, report: Report) -> None:
            if source_team["key"] != self.team.key:
                old_keys.add(ctx.db, source_team["key"], self.team.key)
            people.join(ctx, self.team, self.names, members, report)
            for noun, settings in (("contacts", "contactSettings"), ("organizations", "organizationSettings")):
                given = (source_team.get(settings) or {}).get("fields") or {}
                self.fields[noun] = people.merge_fields(ctx, self.team, noun, given, report)

        await self._write(work)

    def _recognize(self, db: Db, source_team: Json) -> None:
        """The keys that the team's fields have here, for a run that writes nothing."""
        for noun, settings in (("contacts", "contactSettings"), ("organizations", "organizationSettings")):
            given = (source_team.get(settings) or {}).get("fields") or {}
            self.fields[noun] = people.known_fields(self.team, noun, given)

    async def _meet(self, given: Any) -> None:
        """Find or create all users that JSON of the source names."""
        named: dict[str, Json] = {}
        for person in reading.people_in(given):
            key = person["userKey"]
            if key not in self.names.users and key not in self._unknown and "email" not in named.get(key, {}):
                named[key] = person
        for key, person in named.items():
            if "email" not in person and not await self._is_here(key):
                try:
                    user = await self.client.get(f"/v1/users/{key}")
                except Absent:
                    self._unknown.add(key)
                    self.report.note(
                        "users", key, "", "the source does not show this user; the importing user stands for them"
                    )
                    continue
                named[key] = {**user, "userKey": key}
        people_found = list(named.values())
        if not people_found:
            return
        if self.mode == IMPORT:
            await self._write(lambda ctx, report: people.meet(ctx, self.names, people_found, report))
        else:
            await self.engine.read_soon(lambda db: people.recognize(self._ctx(db), self.names, people_found))

    async def _is_here(self, key: str) -> bool:
        return await self.engine.read_soon(lambda db: people.is_here(self._ctx(db), key))

    # Contacts and organizations

    def _pages_of_entries(self, team_key: str, noun: Noun[Any]) -> AsyncIterator[list[Json]]:
        return self.client.by_cursor(f"/v2/teams/{team_key}/{noun.name}")

    async def _entries(self, team_key: str, noun: Noun[Any]) -> None:
        try:
            async for page in self._pages_of_entries(team_key, noun):
                self.progress(noun.name)
                await self._meet(page)
                known: dict[str, Any] = {"noun": noun, "given": page, "names": self.names}
                if self.mode != IMPORT:
                    await self._compare(partial(comparing.entries, **known, fields=self.fields))
                else:
                    taking = partial(entries.take, job=self._job(), known_fields=self.fields[noun.name], **known)
                    await self._write(taking)
        except Absent as absent:
            self.report.note(noun.name, "", "", str(absent))

    # Pipelines and boxes

    async def _pipelines(self, team_key: str) -> AsyncIterator[Json]:
        async for given in self._listed_pipelines():
            if given.get("teamKey") not in (None, team_key):
                continue
            self.progress(f"pipeline {given.get('name')}")
            await self._meet(given)
            try:
                wanted = pipelines.read(given, self.names)
            except Problem as problem:
                self.report.note("pipelines", str(given.get("key")), str(given.get("name")), str(problem))
                self.report.count("pipelines", REFUSED)
                continue
            if self.mode != IMPORT:
                await self._compare(partial(comparing.pipeline, wanted=wanted))
                yield given
            elif await self._write(partial(pipelines.take, job=self._job(), wanted=wanted)):
                yield given

    async def _listed_pipelines(self) -> AsyncIterator[Json]:
        try:
            found = [each async for page in self.client.pages("/v2/pipelines") for each in page]
        except Absent:
            found = [each async for page in self.client.pages("/v1/pipelines") for each in page]
        for each in found:
            yield each

    async def _pages_of_boxes(self, given: Json) -> AsyncIterator[list[Json]]:
        """The boxes of a pipeline, only those that changed `since` a time if there is one."""
        query: dict[str, Any] = {"sortBy": "lastUpdatedTimestamp"} if self.since else {}
        path = f"/v2/pipelines/{given['key']}/boxes"
        try:
            await self.client.get(path, limit=1)
        except Absent:
            path = f"/v1/pipelines/{given['key']}/boxes"
        async for page in self.client.pages(path, **query):
            recent = [
                box for box in page if reading.moment(box, "lastUpdatedTimestamp", default=self.since) >= self.since
            ]
            yield recent
            if len(recent) < len(page):
                return

    async def _boxes(self, given: Json) -> None:
        done = 0
        async for page in self._pages_of_boxes(given):
            await self._meet(page)
            if self.mode != IMPORT:
                await self._compare_boxes(given, page)
            else:
                found = await self._write(partial(self._take_boxes, given=given, page=page))
                for source, mark in found:
                    await self._bring_inside(source, mark)
            done += len(page)
            self.progress(f"{given.get('name')}: {done:,} of {given.get('boxCount') or '?'} boxes")
        if self.mode == IMPORT:
            await self._write(lambda ctx, report: boxes.recompute(ctx, given["key"]))

    def _take_boxes(self, ctx: Ctx, given: Json, page: list[Json], report: Report) -> list[tuple[Json, str]]:
        return boxes.take(ctx, self._job(), _here(ctx, given), page, self.names, report, full=self.full)

    async def _link_boxes(self, given: Json) -> None:
        async for page in self._pages_of_boxes(given):
            if any(each.get("linkedBoxKeys") for each in page):
                await self._write(partial(boxes.link, given=page))

    # What is in a box

    async def _bring_inside(self, source: Json, mark: str) -> None:
        content = await self._read_inside(source)
        await self._meet([content.tasks, content.comments, content.meetings, content.threads, content.files])
        stored = await self._fetch_files(content.files)
        content.bytes = stored
        await self._write(
            partial(inside.take, job=self._job(), source=source, inside=mark, content=content, names=self.names)
        )

    async def _read_inside(self, source: Json) -> Content:
        content = Content()
        for noun, (path, counts) in _INSIDE.items():
            if not self.full and all(name in source and not source[name] for name in counts):
                continue
            try:
                found = [each async for page in self.client.pages(path.format(source["key"])) for each in page]
            except Absent as absent:
                self.report.note(noun, source["key"], str(source.get("name")), str(absent))
                continue
            # A list that has no pages may return the same things again.
            setattr(content, noun, list({str(each.get("key")): each for each in found}.values()))
        for at, thread in enumerate(content.threads):
            if "subject" not in thread:
                content.threads[at] = {**thread, **await self.client.get(f"/v1/threads/{thread['key']}")}
        return content

    async def _fetch_files(self, given: Iterable[Json]) -> dict[str, Any]:
        """Fetch and store the bytes of files that are not here yet."""
        missing = await self.engine.read_soon(lambda db: inside.missing_files(self._ctx(db), list(given)))
        stored = {}
        for file in missing:
            size = str(file.get("size") or "")
            try:
                content = await self.client.get_bytes(
                    f"/v1/files/{file['key']}/contents", int(size) if size.isdecimal() else None
                )
            except Absent as absent:
                self.report.note("files", file["key"], str(file.get("fileName")), str(absent))
                continue
            blob = new_id()
            await self.engine.write_soon(partial(stored_files.announce, blobs=[blob], now=self.clock()))
            stored[str(file["key"])] = await asyncio.to_thread(self.store.write, [content], blob)
        return stored

    # Snippets and views

    async def _snippets(self, pipeline_keys: set[str]) -> None:
        self.progress("snippets")
        try:
            found = [each async for page in self.client.pages("/v1/snippets") for each in page]
        except Absent as absent:
            self.report.note("snippets", "", "", str(absent))
            return
        await self._meet(found)
        if self.mode != IMPORT:
            await self._compare(partial(comparing.snippets, given=found, pipeline_keys=pipeline_keys, names=self.names))
            return
        await self._write(
            partial(snippets.take, job=self._job(), given=found, pipeline_keys=pipeline_keys, names=self.names)
        )

    async def _views(self, given: Json) -> None:
        try:
            found = [each async for page in self.client.pages(f"/v2/pipelines/{given['key']}/views") for each in page]
        except Absent:
            self.report.note("views", "", str(given.get("name")), "the API of the source does not give saved views")
            return
        await self._meet(found)
        if self.mode != IMPORT:
            await self._compare(partial(comparing.views, given=found, pipeline_key=given["key"], names=self.names))
            return
        await self._write(
            partial(snippets.take_views, job=self._job(), given=found, pipeline_key=given["key"], names=self.names)
        )

    # Dry runs and comparisons

    async def _compare_boxes(self, given: Json, page: list[Json]) -> None:
        await self._compare(partial(comparing.boxes, pipeline=given, given=page, names=self.names))
        if self.mode == DRY_RUN:
            for noun, (_, counts) in _INSIDE.items():
                total = sum(reading.count(each, name) for each in page for name in counts)
                if total:
                    self.report.count(noun, comparing.THERE, total)
            return
        for source in page:
            content = await self._read_inside(source)
            await self._meet([content.tasks, content.comments, content.meetings, content.threads, content.files])
            await self._compare(partial(comparing.inside, source=source, content=content, names=self.names))

    async def _compare(self, work: Callable[..., None]) -> None:
        await self.engine.read_soon(lambda db: work(self._ctx(db), report=self.report))

    # Transactions

    def _job(self) -> StreakImport:
        assert self.job is not None
        return self.job

    def _ctx(self, db: Db) -> Ctx:
        change = self.job.key if self.job else ""
        return Ctx(db, self.clock(), self.actor, change=change, silent=True)

    async def _write(self, work: Callable[..., T]) -> T:
        """Run `work` in a transaction. What it reports counts only after the commit."""
        found, report = await self.engine.write_soon(partial(self._work, work=work))
        self.report.add(report)
        return found

    def _work(self, db: Db, work: Callable[..., T]) -> tuple[T, Report]:
        report = Report()
        return work(self._ctx(db), report=report), report


def _here(ctx: Ctx, given: Json) -> Pipeline:
    found = pipelines.here(ctx, given["key"])
    if found is None:
        raise SourceFailed(f"the pipeline {given.get('name')} was deleted here while it was imported")
    return found.pipeline


def differs(report: Report) -> bool:
    """Whether a comparison found anything that is not here, or not the same."""
    return bool(report.differences) or any(
        outcomes.get(outcome) for outcomes in report.counts.values() for outcome in (NEW, REFUSED, comparing.DIFFERENT)
    )
