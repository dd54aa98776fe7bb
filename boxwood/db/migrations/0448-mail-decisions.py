"""Decisions about mail that waits can be undone: the change of a decision also has the events of the fetched mail."""

from boxwood.db.schema import ddl

steps = [ddl("ALTER TABLE box_suggestions ADD COLUMN change_key TEXT;")]
