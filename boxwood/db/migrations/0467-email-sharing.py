"""What others see of a member's mail is computed from the mailboxes, so that it is stored no longer."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [step(ddl("ALTER TABLE team_members DROP COLUMN email_sharing"))]
