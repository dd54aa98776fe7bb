"""Rows of stays only for boxes that moved. A box in its first stage needs no row, so creating one adds no row."""

from typing import Any

MOVED = "(NEW.stage_changed_at <> NEW.created_at)"
ROWS = """
    INSERT OR REPLACE INTO stays (pipeline_key, box_key, stage_key, entered_at, finished_ms, is_open)
    SELECT NEW.pipeline_key, NEW.key, (h.value->>'$.stage_key'), (h.value->>'$.entered_at'),
        (h.value->>'$.finished_ms'), (h.value->>'$.stage_key') = NEW.stage_key
    FROM json_each(NEW.stage_history) h
"""
SQLITE = f"""
DROP TRIGGER stays_of_new|
DROP TRIGGER stays_of_moved|
CREATE TRIGGER stays_of_new AFTER INSERT ON boxes WHEN {MOVED} BEGIN {ROWS}; END|
CREATE TRIGGER stays_of_moved AFTER UPDATE OF stage_history, stage_key, pipeline_key ON boxes BEGIN
    DELETE FROM stays WHERE pipeline_key = OLD.pipeline_key AND box_key = OLD.key;
    {ROWS} WHERE {MOVED};
END|
DELETE FROM stays WHERE EXISTS (
    SELECT 1 FROM boxes b WHERE b.key = stays.box_key AND b.stage_changed_at = b.created_at)
"""
POSTGRES = f"""
DROP TRIGGER stays_of_new ON boxes|
CREATE OR REPLACE FUNCTION keep_stays() RETURNS trigger AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM stays WHERE pipeline_key = OLD.pipeline_key AND box_key = OLD.key;
    END IF;
    IF TG_OP <> 'DELETE' AND {MOVED} THEN
        INSERT INTO stays (pipeline_key, box_key, stage_key, entered_at, finished_ms, is_open)
        SELECT DISTINCT ON (h.value->>'stage_key') NEW.pipeline_key, NEW.key, h.value->>'stage_key',
            (h.value->>'entered_at')::bigint, (h.value->>'finished_ms')::bigint,
            h.value->>'stage_key' = NEW.stage_key
        FROM jsonb_array_elements(NEW.stage_history) h;
    END IF;
    RETURN NULL;
END $$ LANGUAGE plpgsql|
CREATE TRIGGER stays_of_new AFTER INSERT ON boxes FOR EACH ROW
    WHEN ({MOVED}) EXECUTE FUNCTION keep_stays()|
CREATE TRIGGER stays_of_gone AFTER DELETE ON boxes FOR EACH ROW EXECUTE FUNCTION keep_stays()|
DELETE FROM stays USING boxes b WHERE b.key = stays.box_key AND b.stage_changed_at = b.created_at
"""


def triggers(connection: Any) -> None:
    sqlite = type(connection).__module__.startswith("sqlite3")
    cursor = connection.cursor()
    for statement in (SQLITE if sqlite else POSTGRES).split("|\n"):
        cursor.execute(statement)


steps = [triggers]
