"""The tasks that name a contact, for when it is deleted or merged."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [step(ddl("CREATE INDEX tasks_of_contact ON tasks (contact_key) WHERE contact_key IS NOT NULL"))]
