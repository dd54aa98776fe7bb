"""The trash: deleted records with all their rows, as long as they can be restored."""

from boxwood.db.schema import ddl

# `held` has the deleted rows. `trash_files` protects the bytes of deleted files from the cleanup. A deleted pipeline
# keeps its rows, which no user can reach: it may have a hundred thousand boxes.
steps = [
    ddl("""
CREATE TABLE trash (
    key TEXT PRIMARY KEY,
    noun TEXT NOT NULL,
    name TEXT NOT NULL,
    team_key TEXT REFERENCES teams (key) ON DELETE CASCADE,
    pipeline_key TEXT REFERENCES pipelines (key) ON DELETE CASCADE,
    box_key TEXT,
    actor_key TEXT NOT NULL,
    about JSON NOT NULL,
    deleted_at INTEGER NOT NULL,
    held JSON NOT NULL
);
CREATE INDEX trash_by_age ON trash (deleted_at, key);
CREATE INDEX trash_of_team ON trash (team_key, deleted_at);
CREATE INDEX trash_of_pipeline ON trash (pipeline_key, deleted_at);
CREATE TABLE trash_files (
    blob TEXT PRIMARY KEY REFERENCES blobs (id),
    trash_key TEXT NOT NULL REFERENCES trash (key) ON DELETE CASCADE
);
CREATE INDEX trash_files_of ON trash_files (trash_key);
ALTER TABLE pipelines ADD COLUMN trashed_at INTEGER;
""")
]
