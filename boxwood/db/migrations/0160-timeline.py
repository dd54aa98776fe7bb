"""Indexes in the order of a box's timeline. The newsfeed of a box uses the same one as the timeline's changes."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE INDEX events_of_box_by_time ON events (box_key, at, id);
DROP INDEX events_of_box;
CREATE INDEX meetings_by_start ON meetings (box_key, start_at, key);
""")
]
