"""The entries of the search, and their index: FTS5 on SQLite, tsvector columns under GIN on PostgreSQL."""

from boxwood.db.schema import ddl

ENTRIES = """
CREATE TABLE search_entries (
    number SERIAL,
    key TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    marks TEXT NOT NULL,
    near TEXT NOT NULL{more}
);
"""
# The index has no positions and no sizes: the search finds words, not phrases, and lists the newest entries first.
FTS5 = """
CREATE VIRTUAL TABLE search_words USING fts5 (
    title, body, marks,
    content = 'search_entries', content_rowid = 'number', tokenize = 'ascii', detail = 'column', columnsize = 0,
    prefix = '1 2'
);
CREATE VIRTUAL TABLE search_near USING fts5 (
    near, marks,
    content = 'search_entries', content_rowid = 'number', tokenize = 'ascii', detail = 'column', columnsize = 0
);
"""
# The words are already split (lib/search_words), so that PostgreSQL's parser does not treat e-mail addresses and
# hyphens differently from SQLite.
WORDS = "TSVECTOR GENERATED ALWAYS AS (array_to_tsvector(array_remove(string_to_array({}, ' '), ''))) STORED"
TSVECTORS = f""",
    title_words {WORDS.format("title")},
    words {WORDS.format("title || ' ' || body || ' ' || marks")},
    near_words {WORDS.format("near || ' ' || marks")}
"""
GIN = """
CREATE INDEX search_entries_words ON search_entries USING gin (words) WITH (gin_pending_list_limit = 512);
CREATE INDEX search_entries_near ON search_entries USING gin (near_words) WITH (gin_pending_list_limit = 512);
"""
CHORES = """
CREATE TABLE search_chores (
    number SERIAL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL
);
INSERT INTO search_chores (kind, key) SELECT 'box', key FROM boxes;
INSERT INTO search_chores (kind, key) SELECT 'contact', key FROM contacts;
INSERT INTO search_chores (kind, key) SELECT 'organization', key FROM organizations;
"""

steps = [
    ddl(ENTRIES.format(more="") + FTS5, only="sqlite"),
    ddl(ENTRIES.format(more=TSVECTORS) + GIN, only="postgres"),
    ddl(CHORES),
]
