"""The user that a run acts for. Existing runs act for the owner of their automation."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [step(ddl("ALTER TABLE automation_runs ADD COLUMN user_key TEXT"))]
