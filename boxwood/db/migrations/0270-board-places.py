"""The order of boxes in a column of their pipeline's board, shared by all users, and golden marks."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE board_orders (
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    by_key TEXT NOT NULL,
    lane TEXT NOT NULL,
    box_keys JSON NOT NULL,
    PRIMARY KEY (pipeline_key, by_key, lane)
);
CREATE TABLE golden_boxes (
    box_key TEXT PRIMARY KEY REFERENCES boxes (key) ON DELETE CASCADE,
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    marked_at INTEGER NOT NULL
);
CREATE INDEX golden_boxes_of_pipeline ON golden_boxes (pipeline_key, marked_at, box_key);
""")
]
