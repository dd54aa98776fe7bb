"""Which messages are of a backfill: they start no automations, also not later. And messages of a pipeline by time."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
ALTER TABLE messages ADD COLUMN is_old BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX messages_of_pipeline ON messages (pipeline_key, sent_at);
""")
]
