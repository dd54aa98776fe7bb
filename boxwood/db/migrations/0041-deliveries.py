"""Deliveries, and an order of events in which a cursor never skips an event."""

from boxwood.db.schema import ddl

steps = [
    # A delivery may outlive its subscription for a while. Deleting a million deliveries together with the subscription
    # would take long, and with a foreign key the deletion could make another request fail that adds a delivery.
    ddl("""
CREATE TABLE deliveries (
    key TEXT PRIMARY KEY,
    webhook_key TEXT NOT NULL,
    event_id INTEGER NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'done', 'dead', 'cancelled')),
    rank INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    worker TEXT,
    test BOOLEAN NOT NULL,
    log JSON NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
);
CREATE INDEX deliveries_due ON deliveries (webhook_key, rank, due_at, event_id) WHERE state = 'due';
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE fan_outs (
    event_id INTEGER PRIMARY KEY,
    news JSON NOT NULL
);
ALTER TABLE events ADD COLUMN txid INTEGER NOT NULL DEFAULT 0;
CREATE INDEX events_in_order ON events (txid, id);
"""),
    ddl("ALTER TABLE events ALTER COLUMN txid SET DEFAULT (pg_current_xact_id()::text::bigint)", only="postgres"),
]
