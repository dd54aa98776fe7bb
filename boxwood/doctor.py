"""`boxwood doctor`: is everything in order?"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass

from .config import Config
from .db.engine import Db, open_engine

_LEAST_FREE = 500_000_000


@dataclass(frozen=True)
class Finding:
    fine: bool
    says: str


def examine(config: Config) -> list[Finding]:
    """Every finding, good and bad; nothing is changed."""
    if not config.data.is_dir():
        return [Finding(False, f"{config.data} is no directory: start `boxwood serve` or name it with --data")]
    findings = [_private(config), _free_space(config)]
    if not config.database_url and not os.path.exists(config.sqlite_path):
        return [*findings, Finding(False, f"{config.sqlite_path} is not there: start `boxwood serve` once")]
    try:
        engine = open_engine(config.database_url, config.sqlite_path, readers=1)
        try:
            return [*findings, *engine.read(_look)]
        finally:
            engine.close()
    except Exception as error:
        return [*findings, Finding(False, f"the database does not open: {error}")]


def _private(config: Config) -> Finding:
    loose = stat.S_IMODE(config.data.stat().st_mode) & 0o077
    return Finding(not loose, f"{config.data} is {'open to other users: chmod 700' if loose else 'for its owner only'}")


def _free_space(config: Config) -> Finding:
    free = shutil.disk_usage(config.data).free
    return Finding(free >= _LEAST_FREE, f"{free / 1e9:.1f} GB are free for {config.data}")


def _look(db: Db) -> list[Finding]:
    findings = []
    if db.dialect.name == "sqlite":
        row = db.row("PRAGMA quick_check(1)")
        told = row[0] if row else "no answer"
        findings.append(Finding(told == "ok", f"the database file is {'sound' if told == 'ok' else told}"))
    for noun in ("users", "pipelines", "boxes", "events"):
        row = db.row(f"SELECT COUNT(*) FROM {noun}")
        findings.append(Finding(True, f"{row[0] if row else 0:,} {noun}"))
    lost = db.row(
        """
        SELECT COUNT(*) FROM boxes b
        WHERE NOT EXISTS (SELECT 1 FROM stages s WHERE s.pipeline_key = b.pipeline_key AND s.key = b.stage_key)
        """
    )
    count = lost[0] if lost else 0
    findings.append(Finding(not count, f"{count} boxes are in a stage that is not there"))
    return findings
