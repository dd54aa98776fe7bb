"""How far the undo of a large change is. On PostgreSQL the events of a change are found in the order of their ids."""

from boxwood.db.schema import ddl

_INDEX = """
CREATE INDEX events_of_change ON events ((detail->>'change_id'), id) WHERE detail->>'change_id' IS NOT NULL
"""

steps = [
    ddl("""
CREATE TABLE undos (
    change_key TEXT NOT NULL,
    actor_key TEXT NOT NULL,
    within TEXT NOT NULL,
    undo_key TEXT NOT NULL,
    before_id INTEGER NOT NULL,
    total INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    undone INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (change_key, actor_key, within)
);
"""),
    ddl("DROP INDEX events_of_change", only="postgres"),
    ddl(_INDEX, only="postgres"),
]
