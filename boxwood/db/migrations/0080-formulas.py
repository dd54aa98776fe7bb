"""Formulas of fields, the fields they read, and pipelines whose formulas are being computed again."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE formulas (
    pipeline_key TEXT NOT NULL,
    key TEXT NOT NULL,
    source TEXT NOT NULL,
    names JSON NOT NULL,
    due_at INTEGER,
    overruns INTEGER NOT NULL,
    PRIMARY KEY (pipeline_key, key),
    FOREIGN KEY (pipeline_key, key) REFERENCES fields (pipeline_key, key) ON DELETE CASCADE
);
CREATE INDEX formulas_due ON formulas (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE formula_runs (
    pipeline_key TEXT PRIMARY KEY REFERENCES pipelines (key) ON DELETE CASCADE,
    ticket TEXT NOT NULL,
    after_at INTEGER NOT NULL,
    after_key TEXT NOT NULL
);
""")
]
