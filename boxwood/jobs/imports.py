"""Imports are worked on in the background: rows are read and written side by side, a slice at a time.

Whoever stops in the middle leaves the import to be gone on with: by the next process, from the slice after the last
that was committed.
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
from typing import NamedTuple

from ..core import search
from ..core.context import Ctx
from ..core.import_export import imports, slices
from ..core.import_export.imports import Import
from ..core.import_export.row_reader import Piece, Reader
from ..core.import_export.slices import Stale
from ..db.engine import Db, Engine
from ..errors import Problem
from ..lib import tables
from ..lib.blobs import Blobs, Missing, StoreFailed
from ..lib.tables import Row

log = logging.getLogger("boxwood.imports")
SECONDS = 5
AT_ONCE = 2
TRIES = 5
"""To read a slice for a pipeline that is just being changed."""
# A thread that has Python's lock keeps it so long, seconds, while another waits for it. The database's writer waits for
# it between any two statements of a slice, and this thread seldom lets go of it by itself.
KEPT, KEPT_MEANWHILE = sys.getswitchinterval(), 0.0002
BUSY = "the pipeline is changed all the time: try again later"


async def run(engine: Engine, store: Blobs, clock: Callable[[], int]) -> None:
    loop, woken, stop = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    engine.listen(imports.CHANNEL, lambda _: _wake(loop, woken))
    if engine.one_process:
        await engine.write_soon(slices.free)
    worker = os.urandom(8).hex()
    under_way: set[asyncio.Task[None]] = set()
    try:
        while True:
            woken.clear()
            try:
                while len(under_way) < AT_ONCE and (one := await _next(engine, worker, clock)):
                    task = asyncio.create_task(asyncio.to_thread(work, engine, store, clock, one, stop, loop))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                    task.add_done_callback(lambda _: woken.set())
            except Exception:
                log.exception("imports were not looked for; it is tried again")
            sys.setswitchinterval(KEPT_MEANWHILE if under_way else KEPT)
            try:
                async with asyncio.timeout(SECONDS):
                    await woken.wait()
            except TimeoutError:
                pass
    finally:
        stop.set()
        if under_way:
            await asyncio.wait(under_way)
        sys.setswitchinterval(KEPT)


async def _next(engine: Engine, worker: str, clock: Callable[[], int]) -> Import | None:
    if not await engine.read_soon(lambda db: slices.waiting(db, clock())):
        return None
    return await engine.write_soon(lambda db: slices.take(db, worker, clock()))


def _wake(loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(woken.set)


def work(
    engine: Engine,
    store: Blobs,
    clock: Callable[[], int],
    one: Import,
    stop: threading.Event,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """From where it stopped to its end, or until told to stop. In a thread of its own."""
    try:
        if _Work(engine, store, clock, one, stop, loop).through():
            engine.write(lambda db: slices.finish(slices.acting(db, one, clock()), one))
        else:
            engine.write(lambda db: slices.release(db, one))
    except (Problem, tables.Broken) as problem:
        _give_up(engine, clock, one, str(problem))
    except (Missing, StoreFailed):
        log.exception("the table of an import is gone", extra={"import": one.key})
        _give_up(engine, clock, one, "the uploaded table cannot be read any more: send it again")
    except Exception:
        log.exception("an import failed", extra={"import": one.key})
        _give_up(engine, clock, one, "something went wrong here; it was written to the log")
    _catch_up(engine, stop, loop)


def _give_up(engine: Engine, clock: Callable[[], int], one: Import, error: str) -> None:
    try:
        engine.write(lambda db: slices.finish(slices.acting(db, one, clock()), one, error))
    except Problem:
        engine.write(lambda db: slices.fail(db, one, error, clock()))


def _catch_up(engine: Engine, stop: threading.Event, loop: asyncio.AbstractEventLoop) -> None:
    """What was imported is found by search soon: the words of some boxes are made while those before are written."""
    entries, written = search.NO_ENTRIES, None
    while not stop.is_set() and (entries := engine.read(partial(search.prepare_entries, after=entries.last))).updates:
        if written:
            written.result()
        written = asyncio.run_coroutine_threadsafe(engine.write_soon(partial(search.catch_up, prepared=entries)), loop)
    if written:
        written.result()
    while not stop.is_set() and engine.read(search.is_behind):
        engine.write(search.catch_up)


class _Slice(NamedTuple):
    rows: list[Row]
    bytes_done: int
    reader: Reader
    piece: Piece
    made: slices.Ready | None


class _Work:
    """Rows are read, and made into what is written, in this thread while the slice before is written in the
    database's."""

    def __init__(
        self,
        engine: Engine,
        store: Blobs,
        clock: Callable[[], int],
        one: Import,
        stop: threading.Event,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.engine, self.clock, self.one, self.stop, self.loop = engine, clock, one, stop, loop
        self.pieces = _Counted(store.read(one.blob))
        self.reader: Reader | None = None

    def through(self) -> bool:
        """Whether it came to the table's end, or to that of the import."""
        plan = self.one.plan
        rows = tables.rows(self.pieces, tables.Format(plan.kind, plan.encoding, plan.delimiter))
        before: tuple[_Slice, Future[bool]] | None = None
        for some in _several(islice(rows, self.one.rows_done, None)):
            read = self._read(some, self.pieces.done)
            if before and not self._written(*before):
                return True
            if self.stop.is_set():
                return False
            before = read, asyncio.run_coroutine_threadsafe(self.engine.write_soon(self._settling(read)), self.loop)
        if before:
            self._written(*before)
        return True

    def _read(self, rows: list[Row], bytes_done: int) -> _Slice:
        """With what is missing made, where it was asked for."""
        for _ in range(TRIES):
            reader = self.reader = self.reader or self.engine.read(lambda db: slices.reader(self._ctx(db), self.one))
            piece = self.engine.read(lambda db, reader=reader: reader.read(self._ctx(db), rows))  # type: ignore[misc]
            if not piece.missing or self.one.dry_run:
                return _Slice(rows, bytes_done, reader, piece, self.engine.read(partial(self._ready, piece=piece)))
            self.engine.write(partial(self._make, piece=piece))
            self.reader = None
        raise tables.Broken(BUSY)

    def _ready(self, db: Db, piece: Piece) -> slices.Ready | None:
        return slices.ready(self._ctx(db), self.one, piece.drafts)

    def _make(self, db: Db, piece: Piece) -> None:
        slices.make_missing(self._ctx(db), self.one, piece.missing)

    def _written(self, read: _Slice, written: Future[bool]) -> bool:
        """Whether to go on. Rows that were read for what the pipeline no longer is are read again."""
        for _ in range(TRIES):
            try:
                return written.result()
            except Stale:
                self.reader = None
                read = self._read(read.rows, read.bytes_done)
                written = Future()
                try:
                    written.set_result(self.engine.write(self._settling(read)))
                except Stale as stale:
                    written.set_exception(stale)
        raise tables.Broken(BUSY)

    def _settling(self, read: _Slice) -> Callable[[Db], bool]:
        return lambda db: slices.settle(
            self._ctx(db),
            self.one,
            read.reader,
            read.piece,
            read.made,
            bytes_done=read.bytes_done,
            rows_done=read.rows[-1].number,
        )

    def _ctx(self, db: Db) -> Ctx:
        return slices.acting(db, self.one, self.clock())


class _Counted:
    """Passes pieces on and counts their bytes."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.done = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.done += len(piece)
            yield piece


def _several(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while found := list(islice(rows, slices.SLICE)):
        yield found
