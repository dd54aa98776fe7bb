"""Bytes of proposed uploads, imports and messages, in the file store until a user decides or the proposal ends."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE proposal_files (
    blob TEXT PRIMARY KEY,
    proposal_key TEXT NOT NULL REFERENCES proposals (key) ON DELETE CASCADE
);
CREATE INDEX proposal_files_by_proposal ON proposal_files (proposal_key)
""")
]
