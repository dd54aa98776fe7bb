"""How long boxes were in which stages, as rows. Reports add up hundreds of thousands of stays."""

from typing import Any

from boxwood.db.schema import ddl

# Triggers write these rows, so the code that writes boxes does not need to.
_PART = "(h.value->>'$.{}')"
SQLITE = f"""
CREATE TRIGGER stays_of_new AFTER INSERT ON boxes BEGIN
    INSERT OR REPLACE INTO stays (pipeline_key, box_key, stage_key, entered_at, finished_ms, is_open)
    SELECT NEW.pipeline_key, NEW.key, {_PART.format("stage_key")}, {_PART.format("entered_at")},
        {_PART.format("finished_ms")}, {_PART.format("stage_key")} = NEW.stage_key
    FROM json_each(NEW.stage_history) h;
END|
CREATE TRIGGER stays_of_moved AFTER UPDATE OF stage_history, stage_key, pipeline_key ON boxes BEGIN
    DELETE FROM stays WHERE pipeline_key = OLD.pipeline_key AND box_key = OLD.key;
    INSERT OR REPLACE INTO stays (pipeline_key, box_key, stage_key, entered_at, finished_ms, is_open)
    SELECT NEW.pipeline_key, NEW.key, {_PART.format("stage_key")}, {_PART.format("entered_at")},
        {_PART.format("finished_ms")}, {_PART.format("stage_key")} = NEW.stage_key
    FROM json_each(NEW.stage_history) h;
END|
CREATE TRIGGER stays_of_gone AFTER DELETE ON boxes BEGIN
    DELETE FROM stays WHERE pipeline_key = OLD.pipeline_key AND box_key = OLD.key;
END|
INSERT OR REPLACE INTO stays (pipeline_key, box_key, stage_key, entered_at, finished_ms, is_open)
    SELECT b.pipeline_key, b.key, {_PART.format("stage_key")}, {_PART.format("entered_at")},
        {_PART.format("finished_ms")}, {_PART.format("stage_key")} = b.stage_key
    FROM boxes b, json_each(b.stage_history) h
"""
_ROWS = """
    SELECT DISTINCT ON ({0}.pipeline_key, {0}.key, h.value->>'stage_key') {0}.pipeline_key, {0}.key,
        h.value->>'stage_key', (h.value->>'entered_at')::bigint, (h.value->>'finished_ms')::bigint,
        h.value->>'stage_key' = {0}.stage_key
"""
POSTGRES = f"""
CREATE FUNCTION keep_stays() RETURNS trigger AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM stays WHERE pipeline_key = OLD.pipeline_key AND box_key = OLD.key;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO stays (pipeline_key, box_key, stage_key, entered_at, finished_ms, is_open)
        {_ROWS.format("NEW")} FROM jsonb_array_elements(NEW.stage_history) h;
    END IF;
    RETURN NULL;
END $$ LANGUAGE plpgsql|
CREATE TRIGGER stays_of_new AFTER INSERT OR DELETE ON boxes FOR EACH ROW EXECUTE FUNCTION keep_stays()|
CREATE TRIGGER stays_of_moved AFTER UPDATE OF stage_history, stage_key, pipeline_key ON boxes
    FOR EACH ROW EXECUTE FUNCTION keep_stays()|
INSERT INTO stays (pipeline_key, box_key, stage_key, entered_at, finished_ms, is_open)
    {_ROWS.format("b")} FROM boxes b CROSS JOIN jsonb_array_elements(b.stage_history) h
"""


def triggers(connection: Any) -> None:
    sqlite = type(connection).__module__.startswith("sqlite3")
    cursor = connection.cursor()
    for statement in (SQLITE if sqlite else POSTGRES).split("|\n"):
        cursor.execute(statement)


steps = [
    ddl("""
CREATE TABLE stays (
    pipeline_key TEXT NOT NULL,
    box_key TEXT NOT NULL,
    stage_key TEXT NOT NULL,
    entered_at INTEGER NOT NULL,
    finished_ms INTEGER NOT NULL,
    is_open BOOLEAN NOT NULL,
    PRIMARY KEY (pipeline_key, box_key, stage_key)
) WITHOUT ROWID;
CREATE INDEX stays_of_stage ON stays (pipeline_key, stage_key, is_open, finished_ms, entered_at);
"""),
    triggers,
]
