"""Imports in the background: a thread for each import drives it through its table, a slice of rows at a time.

The thread prepares a slice while the database's writer writes the previous one; `core/import_export/slices.py` has the
steps. An import that stops in the middle is continued by the next process that takes it, from the slice after the last
one that was committed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import islice

from ..core import search
from ..core.context import Ctx
from ..core.import_export import import_queue, imports, slices
from ..core.import_export.imports import Import
from ..core.import_export.row_reader import Reader
from ..core.import_export.slices import PreparedSlice, Stale
from ..db.engine import Db, Engine
from ..errors import Problem
from ..lib import tables
from ..lib.blobs import Blobs, Missing, StoreFailed
from ..lib.tables import Row

log = logging.getLogger("boxwood.imports")
SECONDS = 5
"""How long to wait before looking for imports again, if nothing wakes the job."""
CONCURRENCY = 2
TRIES = 5
"""How often to prepare a slice again if the pipeline changes meanwhile."""
# How long a thread keeps Python's lock while another waits for it, in seconds. The database's writer waits for the lock
# between any two statements of a slice, and the import's thread seldom releases it by itself.
SWITCH_INTERVAL, SWITCH_INTERVAL_DURING_IMPORTS = sys.getswitchinterval(), 0.0002
BUSY = "the pipeline is changed all the time: try again later"


async def run(engine: Engine, store: Blobs, clock: Callable[[], int]) -> None:
    """Take imports and work on them until cancelled."""
    loop, woken, stop = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    engine.listen(imports.CHANNEL, lambda _: _wake(loop, woken))
    if engine.one_process:
        await engine.write_soon(import_queue.release_all)
    worker = os.urandom(8).hex()
    running: set[asyncio.Task[None]] = set()
    try:
        while True:
            woken.clear()
            try:
                while len(running) < CONCURRENCY and (job := await _take(engine, worker, clock)):
                    task = asyncio.create_task(asyncio.to_thread(work, engine, store, clock, job, stop, loop))
                    running.add(task)
                    task.add_done_callback(running.discard)
                    task.add_done_callback(lambda _: woken.set())
            except Exception:
                log.exception("looking for imports failed; it is tried again")
            sys.setswitchinterval(SWITCH_INTERVAL_DURING_IMPORTS if running else SWITCH_INTERVAL)
            try:
                async with asyncio.timeout(SECONDS):
                    await woken.wait()
            except TimeoutError:
                pass
    finally:
        stop.set()
        if running:
            await asyncio.wait(running)
        sys.setswitchinterval(SWITCH_INTERVAL)


async def _take(engine: Engine, worker: str, clock: Callable[[], int]) -> Import | None:
    if not await engine.read_soon(lambda db: import_queue.is_any_waiting(db, clock())):
        return None
    return await engine.write_soon(lambda db: import_queue.take(db, worker, clock()))


def _wake(loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(woken.set)


def work(
    engine: Engine,
    store: Blobs,
    clock: Callable[[], int],
    job: Import,
    stop: threading.Event,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Continue an import to its end, or until `stop` is set. Call this in a thread of its own."""
    try:
        if _Work(engine, store, clock, job, stop, loop).run():
            _end(engine, clock, job, "done", None)
        else:
            engine.write(lambda db: import_queue.release(db, job))
    except (Problem, tables.Broken) as problem:
        _fail(engine, clock, job, str(problem))
    except (Missing, StoreFailed):
        log.exception("the table of an import cannot be read", extra={"import": job.key})
        _fail(engine, clock, job, "the uploaded table cannot be read any more: send it again")
    except Exception:
        log.exception("an import failed", extra={"import": job.key})
        _fail(engine, clock, job, "something went wrong here; it was written to the log")
    _index(engine, stop, loop)


def _end(engine: Engine, clock: Callable[[], int], job: Import, state: str, error: str | None) -> None:
    engine.write(lambda db: imports.end(import_queue.acting(db, job, clock()), job, state, error))


def _fail(engine: Engine, clock: Callable[[], int], job: Import, error: str) -> None:
    try:
        _end(engine, clock, job, "failed", error)
    except Problem:
        engine.write(lambda db: import_queue.fail(db, job, error, clock()))


def _index(engine: Engine, stop: threading.Event, loop: asyncio.AbstractEventLoop) -> None:
    """Index the imported boxes for search. Entries are prepared while the previous ones are written."""
    entries, written = search.NO_ENTRIES, None
    while not stop.is_set() and (entries := engine.read(partial(search.prepare_entries, after=entries.last))).updates:
        if written:
            written.result()
        written = asyncio.run_coroutine_threadsafe(engine.write_soon(partial(search.catch_up, prepared=entries)), loop)
    if written:
        written.result()
    while not stop.is_set() and engine.read(search.is_behind):
        engine.write(search.catch_up)


class _Work:
    """Drives one import: prepares slices in this thread while the database's writer writes the slices before."""

    def __init__(
        self,
        engine: Engine,
        store: Blobs,
        clock: Callable[[], int],
        job: Import,
        stop: threading.Event,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.engine, self.clock, self.job, self.stop, self.loop = engine, clock, job, stop, loop
        self.table = _CountedBytes(store.read(job.blob))
        self.reader: Reader | None = None

    def run(self) -> bool:
        """Whether the import came to its end or was cancelled; False if it stopped and can be continued."""
        rows = tables.rows(self.table, self.job.plan.form)
        rows = islice(rows, self.job.rows_done, None)
        previous: tuple[PreparedSlice, Future[bool]] | None = None
        while some := list(islice(rows, slices.ROWS)):
            prepared = self._prepare(some, self.table.done)
            if previous and not self._written(*previous):
                return True
            if self.stop.is_set():
                return False
            writing = self.engine.write_soon(partial(self._write, prepared=prepared))
            previous = prepared, asyncio.run_coroutine_threadsafe(writing, self.loop)
        if previous:
            self._written(*previous)
        return True

    def _prepare(self, rows: list[Row], bytes_done: int) -> PreparedSlice:
        """Prepare a slice, after creating what its rows name and the pipeline lacks."""
        for _ in range(TRIES):
            prepared = self.engine.read(
                lambda db: slices.prepare(self._acting(db), self.job, rows, bytes_done, self.reader)
            )
            if not prepared.missing:
                self.reader = prepared.reader
                return prepared
            self.engine.write(partial(self._create_missing, prepared=prepared))
            self.reader = None
        raise tables.Broken(BUSY)

    def _create_missing(self, db: Db, prepared: PreparedSlice) -> None:
        slices.create_missing(self._acting(db), self.job, prepared)

    def _write(self, db: Db, prepared: PreparedSlice) -> bool:
        return slices.write(self._acting(db), self.job, prepared)

    def _written(self, prepared: PreparedSlice, writing: Future[bool]) -> bool:
        """Wait until the slice is written, and prepare it again if it was stale. Whether the import goes on."""
        try:
            return writing.result()
        except Stale:
            pass
        for _ in range(TRIES - 1):
            self.reader = None
            prepared = self._prepare(prepared.rows, prepared.bytes_done)
            try:
                return self.engine.write(partial(self._write, prepared=prepared))
            except Stale:
                continue
        raise tables.Broken(BUSY)

    def _acting(self, db: Db) -> Ctx:
        return import_queue.acting(db, self.job, self.clock())


class _CountedBytes:
    """Passes on pieces of a table, and counts their bytes."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.done = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.done += len(piece)
            yield piece
