"""Which tasks name which contact. Deleting and merging contacts use it."""

from boxwood.db.schema import ddl

steps = [ddl("CREATE INDEX tasks_of_contact ON tasks (contact_key) WHERE contact_key IS NOT NULL")]
