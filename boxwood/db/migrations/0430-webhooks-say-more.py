"""Webhook subscriptions with a name, several events, envelopes, order per box, and batches."""

from typing import Any

from boxwood.db.schema import ddl


def watch(connection: Any) -> None:
    """Count changes of the new column too: whether anybody subscribes to an event is cached."""
    if type(connection).__module__.startswith("sqlite3"):
        return
    cursor = connection.cursor()
    cursor.execute("DROP TRIGGER note_alteration ON webhooks")
    cursor.execute("""
        CREATE CONSTRAINT TRIGGER note_alteration AFTER INSERT OR DELETE
            OR UPDATE OF event, events, scope_key, pipeline_key, team_key, user_key, stages, fields, active ON webhooks
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_alteration()
    """)


steps = [
    ddl("""
ALTER TABLE webhooks ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN events TEXT NOT NULL DEFAULT '[]';
ALTER TABLE webhooks ADD COLUMN payload TEXT NOT NULL DEFAULT 'list' CHECK (payload IN ('list', 'full'));
ALTER TABLE webhooks ADD COLUMN by_box BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE webhooks ADD COLUMN batch_size INTEGER NOT NULL DEFAULT 1;
ALTER TABLE deliveries ADD COLUMN lane TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN batch TEXT;
CREATE INDEX webhooks_of_several ON webhooks (scope_key) WHERE events <> '[]';
CREATE INDEX deliveries_in_lane ON deliveries (webhook_key, lane, event_id) WHERE state = 'due' AND lane <> '';
CREATE INDEX deliveries_in_batch ON deliveries (batch) WHERE state = 'due' AND batch IS NOT NULL;
"""),
    watch,
]
