"""Whom a run acts for, from its beginning to its end. Runs of before act for whoever owns their automation."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [step(ddl("ALTER TABLE automation_runs ADD COLUMN user_key TEXT"))]
