"""Faults that `boxwood doctor` finds, and the repairs it suggests."""

import asyncio
from pathlib import Path

import httpx
import pytest

from boxwood.commands import doctor
from boxwood.db.engine import Db
from boxwood.db.open import open_engine
from boxwood.jobs import audit
from boxwood.lib.blobs import Disk
from tests.conftest import Server, Store, World, ok


@pytest.fixture
def used(fresh_store: Store) -> Store:
    fresh_store.data.chmod(0o700)
    server = Server(fresh_store.config()).start()
    world = World(server)
    box = world.box(world.pipeline())
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/files?fileName=a", content=b"a"))
    asyncio.run(audit.catch_up(server.engine, world.clock))
    world.close()
    server.stop()
    return fresh_store


def faults(store: Store, now: int | None = None) -> list[str]:
    config = store.config()
    found = doctor.examine(config, Disk(config.data / "files"), now=now)
    return [finding.says for finding in found if not finding.fine]


def change(store: Store, *statements: str) -> None:
    engine = open_engine(store.url, store.config().sqlite_path, readers=1)

    def run(db: Db) -> None:
        for sql in statements:
            db.run(sql)

    engine.write(run)
    engine.close()


def test_a_healthy_store_has_no_faults_and_reports_its_state(used: Store) -> None:
    found = doctor.examine(used.config(), Disk(used.data / "files"))
    assert [finding.says for finding in found if not finding.fine] == []
    says = "\n".join(finding.says for finding in found)
    for part in (
        "1 boxes",
        "the audit log is intact",
        "the bytes of all 1 files are stored",
        "no work waits",
        "up to date",
    ):
        assert part in says


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE events SET actor_key = 'u-x' WHERE id = (SELECT MIN(id) FROM events)", "tampered"),
        ("UPDATE events SET at = at + 3600000 WHERE id = (SELECT MAX(id) FROM events)", "minutes behind"),
        ("INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('x', '9999-later')", "later version"),
        ("DELETE FROM _yoyo_migration WHERE migration_id = '0184-audit'", "behind by 1 migrations"),
    ],
)
def test_each_fault_is_named(used: Store, sql: str, says: str) -> None:
    change(used, sql)
    assert any(says in fault for fault in faults(used)), faults(used)


def test_missing_files_loose_file_modes_and_stuck_work_are_named(used: Store) -> None:
    for path in (used.data / "files").rglob("*"):
        if path.is_file():
            path.unlink()
    used.data.chmod(0o755)
    change(
        used,
        """
        INSERT INTO deliveries (key, webhook_key, event_id, event, state, rank, due_at, tries, attempts, worker, test,
            log, created_at, ended_at)
        VALUES ('v-1', 'w-1', 1, 'BOX_CREATE', 'due', 0, 1000, 0, 0, NULL, FALSE, '[]', 1000, NULL)
        """,
    )
    found = faults(used)
    assert [part for part in ("chmod 700", "files are missing", "deliveries wait") if part in "\n".join(found)] == [
        "chmod 700",
        "files are missing",
        "deliveries wait",
    ]


def test_a_damaged_file_is_named_without_an_exception(used: Store) -> None:
    if used.url:
        pytest.skip("PostgreSQL looks after its own files")
    path = Path(used.config().sqlite_path)
    content = bytearray(path.read_bytes())
    content[8192:12288] = bytes(4096)
    path.write_bytes(bytes(content))
    assert any("restore a backup" in fault or "does not open" in fault for fault in faults(used)), faults(used)


def test_metrics_report_queue_lengths_and_sizes(world: World) -> None:
    metrics = httpx.get(f"{world.server.url}/metrics", trust_env=False).text
    assert 'boxwood_queue_depth{queue="deliveries"}' in metrics
    assert 'boxwood_queue_age_seconds{queue="letters"}' in metrics
    (line,) = [item for item in metrics.splitlines() if item.startswith("boxwood_database_bytes ")]
    assert float(line.split()[1]) > 100_000
