"""Letters that a user sends to an address although an earlier letter came back."""

from boxwood.db.schema import ddl

steps = [ddl("ALTER TABLE sent_letters ADD COLUMN overrides BOOLEAN NOT NULL DEFAULT FALSE;")]
