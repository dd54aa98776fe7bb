"""The user that a run acts for. Existing runs act for the owner of their automation."""

from boxwood.db.schema import ddl

steps = [ddl("ALTER TABLE automation_runs ADD COLUMN user_key TEXT")]
