"""Stages that are open, won or lost. The names of existing stages decide, as they did for reports until now."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
ALTER TABLE stages ADD COLUMN kind TEXT NOT NULL DEFAULT 'OPEN';
UPDATE stages SET kind = 'WON' WHERE ' ' || replace(lower(name), '-', ' ') || ' ' LIKE '% won %';
UPDATE stages SET kind = 'LOST' WHERE ' ' || replace(lower(name), '-', ' ') || ' ' LIKE '% lost %'
""")
]
