"""The job of imports by itself, on an engine without a server."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from boxwood.core import pipelines, stored_files
from boxwood.core.context import Ctx
from boxwood.core.import_export import imports
from boxwood.core.people import teams, users
from boxwood.db.engine import Db
from boxwood.db.open import open_engine
from boxwood.jobs import imports as job
from boxwood.lib.blobs import Disk
from tests.conftest import Store
from tests.lib.test_tables import opened

NOW = 1_700_000_000_000
TABLE = b"Name\nOne\nTwo\n"


class BlockedDisk(Disk):
    """Gives no bytes before `may` is set."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked, self.may = threading.Event(), threading.Event()

    def read(self, blob: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        self.asked.set()
        assert self.may.wait(30)
        return super().read(blob, start, end)


def test_threads_take_turns_quickly_while_an_import_goes_on(fresh_store: Store, tmp_path: Path) -> None:
    config = fresh_store.config()
    engine = open_engine(config.database_url, config.sqlite_path)
    store = BlockedDisk(tmp_path / "blocked")
    blob = store.write([TABLE]).id

    def ask(db: Db) -> str:
        user = users.create(db, "ada@imports.example", NOW)
        teams.create(db, "Ada's", user, NOW)
        stored_files.announce(db, [blob], NOW)
        ctx = Ctx(db, NOW, user)
        pipeline = pipelines.create(ctx, {"name": "Deals"})
        plan = imports.plan(ctx, pipeline.key, opened(TABLE), {}).plan
        return imports.create(ctx, pipeline.key, plan, blob, len(TABLE), dry_run=False).key

    key = engine.write(ask)

    async def whole() -> list[float]:
        seen = [sys.getswitchinterval()]
        running = asyncio.create_task(job.run(engine, store, lambda: NOW))
        while not store.asked.is_set() or sys.getswitchinterval() == seen[0]:
            await asyncio.sleep(0.01)
        seen.append(sys.getswitchinterval())
        store.may.set()
        while sys.getswitchinterval() != seen[0]:
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
        return [*seen, sys.getswitchinterval()]

    before, meanwhile, after = asyncio.run(asyncio.wait_for(whole(), 120))
    state = engine.read(lambda db: db.row("SELECT state, created FROM imports WHERE key = :key", key=key))
    engine.close()
    assert state == ("done", 2)
    assert meanwhile < before == after
