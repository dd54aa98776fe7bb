"""`boxwood doctor`: checks the installation. Each finding says what was checked and, if it is wrong, what to do."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import stat
import sys
from dataclasses import dataclass, replace
from typing import Any

from ..config import Config
from ..core import backlog, mail_settings, stored_files
from ..core.activity.mail import mailbox_settings
from ..core.history import audit_log
from ..db import schema
from ..db.engine import Db, Engine
from ..db.open import open_engine
from ..errors import Problem
from ..lib.blobs import Blobs, Missing, StoreFailed
from ..lib.clock import now_ms
from ..lib.durations import MINUTE
from ..lib.secret_keys import SecretKeys
from ..version import VERSION
from .options import add_connections, add_store, config_of, env

_LEAST_FREE = 500_000_000
_AHEAD = 5 * MINUTE
_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    fine: bool
    says: str


def add(commands: Any) -> None:
    doctor = commands.add_parser("doctor", help="check that everything is in order")
    add_store(doctor)
    add_connections(doctor)
    doctor.add_argument(
        "--workers", type=int, default=int(env("WORKERS", "1")), help="the processes that use PostgreSQL, together (1)"
    )
    doctor.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> None:
    from ..app import open_store

    config = replace(config_of(options), connections=options.connections, workers=options.workers)
    findings = examine(config, open_store(config) if config.data.is_dir() else None)
    for finding in findings:
        print(f"{'ok  ' if finding.fine else 'BAD '} {finding.says}")
    if not all(finding.fine for finding in findings):
        sys.exit(1)


def examine(config: Config, store: Blobs | None = None, *, now: int | None = None) -> list[Finding]:
    """Run all checks without changing anything. Returns good and bad findings. `store` holds the files' bytes."""
    if not config.data.is_dir():
        return [Finding(False, f"{config.data} is not a directory: start `boxwood serve`, or give the right --data")]
    findings = [
        Finding(True, f"Boxwood {VERSION} on Python {platform.python_version()}, {platform.system()}"),
        _private(config),
        _writable(config),
        _free_space(config),
    ]
    if not config.database_url and not os.path.exists(config.sqlite_path):
        return [*findings, Finding(False, f"{config.sqlite_path} does not exist: start `boxwood serve` to create it")]
    try:
        waiting = schema.waiting(config.database_url, config.sqlite_path)
        fine = not waiting
        state = "up to date" if fine else f"behind by {len(waiting)} migrations: `boxwood migrate`, or start the server"
        findings.append(Finding(fine, f"the database's schema is {state}"))
        if not fine:
            return findings
        engine = open_engine(config.database_url, config.sqlite_path, readers=1, **config.postgres)
        try:
            findings += _connections(engine, config)
            findings += engine.read(lambda db: _look(db, now or now_ms()))
            findings += engine.read(lambda db: _sealed(db, SecretKeys(config.key_file)))
            held = engine.read(stored_files.held)
        finally:
            engine.close()
    except Problem as problem:
        return [*findings, Finding(False, str(problem))]
    except Exception as error:
        return [*findings, Finding(False, f"the database cannot be opened: {error}")]
    return [*findings, *([_files(store, held)] if store is not None else [])]


def _private(config: Config) -> Finding:
    loose = stat.S_IMODE(config.data.stat().st_mode) & 0o077
    return Finding(not loose, f"{config.data} is {'open to other users: chmod 700' if loose else 'for its owner only'}")


def _writable(config: Config) -> Finding:
    """Write a file to find out: permissions do not show whether a disk is read-only."""
    probe = config.data / f".doctor-{os.getpid()}"
    try:
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        return Finding(False, f"{config.data} cannot be written: {error.strerror}")
    return Finding(True, f"{config.data} can be written")


def _free_space(config: Config) -> Finding:
    free = shutil.disk_usage(config.data).free
    more = "" if free >= _LEAST_FREE else ": free some space, or changes will soon be refused"
    return Finding(free >= _LEAST_FREE, f"{free / 1e9:.1f} GB are free for {config.data}{more}")


def _files(store: Blobs, held: list[str]) -> Finding:
    missing = []
    try:
        for blob in held:
            try:
                store.size(blob)
            except Missing:
                missing.append(blob)
    except StoreFailed as error:
        return Finding(False, f"the files' bytes cannot be read: {error}")
    if missing:
        return Finding(False, f"the bytes of {len(missing)} of {len(held)} files are missing: restore a backup")
    return Finding(True, f"the bytes of all {len(held)} files are stored")


def _look(db: Db, now: int) -> list[Finding]:
    findings = [_sound(db), _version(db), _clock(db, now)]
    for noun in ("users", "pipelines", "boxes", "events"):
        row = db.row(f"SELECT COUNT(*) FROM {noun}")
        findings.append(Finding(True, f"{row[0] if row else 0:,} {noun}"))
    return [*findings, _stages(db), *_stuck(db, now), _audit(db)]


def _connections(engine: Engine, config: Config) -> list[Finding]:
    """Whether PostgreSQL accepts all connections that the processes may open."""
    if engine.dialect.name != "postgres":
        return []
    from ..db.postgres import MORE_CONNECTIONS, Postgres

    assert isinstance(engine, Postgres)
    if engine.pooled:
        return [Finding(True, "a pooler is in front of PostgreSQL: it limits the connections")]
    sql = "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
    row = engine.read(lambda db: db.row(sql))
    most = int(row[0]) if row else 0
    each = config.connections + MORE_CONNECTIONS
    wanted = each * config.workers
    says = f"{config.workers} processes with {each} connections each need {wanted} of the {most} of PostgreSQL"
    more = "" if wanted <= most else ": lower --connections or --workers, raise max_connections, or use pgbouncer"
    return [Finding(wanted <= most, f"{says}{more}")]


def _sound(db: Db) -> Finding:
    if db.dialect.name != "sqlite":
        return Finding(True, f"the database is {backlog.size(db) / 1e6:,.1f} MB")
    row = db.row("PRAGMA quick_check(1)")
    result = row[0] if row else "no answer"
    if result != "ok":
        return Finding(False, f"the database file is damaged ({result}): restore a backup")
    broken = db.rows("PRAGMA foreign_key_check")
    if broken:
        return Finding(
            False, f"{len(broken)} rows refer to missing rows, the first in {broken[0][0]}: restore a backup"
        )
    return Finding(True, f"the database file is sound, and {backlog.size(db) / 1e6:,.1f} MB")


def _version(db: Db) -> Finding:
    row = db.row("SELECT sqlite_version()" if db.dialect.name == "sqlite" else "SHOW server_version")
    name = "SQLite" if db.dialect.name == "sqlite" else "PostgreSQL"
    return Finding(True, f"{name} {row[0] if row else '?'}")


def _clock(db: Db, now: int) -> Finding:
    row = db.row("SELECT MAX(at) FROM (SELECT at FROM events ORDER BY id DESC LIMIT 100) AS last")
    ahead = (row[0] or 0) - now if row else 0
    if ahead > _AHEAD:
        return Finding(False, f"the clock is {ahead // MINUTE} minutes behind the latest event: set it, and use NTP")
    return Finding(True, "the clock is not behind the latest event")


def _sealed(db: Db, keys: SecretKeys) -> list[Finding]:
    """Whether the key file opens the stored passwords. A backup does not hold the file."""
    settings = mail_settings.find(db)
    try:
        opened = [mail_settings.keys_open(keys, settings)] if settings.sealed else []
        opened += mailbox_settings.readable(db, keys)
    except OSError as error:
        return [Finding(False, str(error))]
    if not opened:
        return []
    if not all(opened):
        says = f"{opened.count(False)} of {len(opened)} stored passwords of mail servers cannot be read: restore your"
        return [Finding(False, f"{says} copy of {keys.path}, or enter the passwords again in Settings")]
    loose = stat.S_IMODE(keys.path.stat().st_mode) & 0o077
    if loose:
        return [Finding(False, f"{keys.path} can be read by other users: chmod 600")]
    says = f"{keys.path} opens the {len(opened)} stored passwords of mail servers; backups do not hold it: keep a copy"
    return [Finding(True, says)]


def _stages(db: Db) -> Finding:
    row = db.row(
        """
        SELECT COUNT(*) FROM boxes b
        WHERE NOT EXISTS (SELECT 1 FROM stages s WHERE s.pipeline_key = b.pipeline_key AND s.key = b.stage_key)
        """
    )
    count = row[0] if row else 0
    return Finding(not count, f"{count} boxes are in a stage that does not exist")


def _stuck(db: Db, now: int) -> list[Finding]:
    found = []
    for queue in backlog.queues(db, now):
        name = queue.name.replace("_", " ")
        if backlog.is_stuck(queue):
            late = queue.late_ms // MINUTE
            says = f"{queue.waiting} {name} wait, the oldest for {late} minutes: does the server run? See its log"
            found.append(Finding(False, says))
        elif queue.waiting:
            found.append(Finding(True, f"{queue.waiting} {name} wait"))
    return found or [Finding(True, "no work waits")]


def _audit(db: Db) -> Finding:
    verdict = audit_log.verify(db)
    if verdict.wrong:
        more = f" (and {len(verdict.wrong) - _SHOWN} more)" if len(verdict.wrong) > _SHOWN else ""
        return Finding(False, f"the audit log was tampered with: {'; '.join(verdict.wrong[:_SHOWN])}{more}")
    return Finding(True, f"the audit log is intact: {verdict.events:,} events, last digest {verdict.head}")
