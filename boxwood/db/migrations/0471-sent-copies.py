"""Letters whose mailbox is looked at: to put a copy there, or because they may have been sent."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
DROP INDEX sent_letters_to_copy;
CREATE INDEX sent_letters_to_copy ON sent_letters (copy_due_at) WHERE copy_state IN ('wanted', 'look');
CREATE INDEX sent_letters_held ON sent_letters (mailbox_key, lease_until) WHERE worker IS NOT NULL;
""")
]
