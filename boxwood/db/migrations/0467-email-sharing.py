"""What others see of a member's mail is computed from the mailboxes, so that it is stored no longer."""

from boxwood.db.schema import ddl

steps = [ddl("ALTER TABLE team_members DROP COLUMN email_sharing")]
