"""Web forms of pipelines, and which of their pages were sent."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE forms (
    key TEXT PRIMARY KEY,
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    owner_key TEXT NOT NULL REFERENCES users (key),
    name TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    fields JSON NOT NULL,
    settings JSON NOT NULL,
    created_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
);
CREATE INDEX forms_of_pipeline ON forms (pipeline_key, created_at, key);
CREATE TABLE form_submissions (
    form_key TEXT NOT NULL,
    page TEXT NOT NULL,
    box_key TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (form_key, page)
) WITHOUT ROWID;
CREATE INDEX form_submissions_by_time ON form_submissions (form_key, at)
""")
]
