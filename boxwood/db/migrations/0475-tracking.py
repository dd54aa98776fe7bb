"""Tracked links of letters, the hits on them, and letters that came back."""

from boxwood.db.schema import ddl

# A hit holds no address and no program. Its class is empty until it is settled.
steps = [
    ddl("""
CREATE TABLE tracked_links (
    id SERIAL,
    letter_key TEXT NOT NULL REFERENCES sent_letters (key) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    target TEXT NOT NULL,
    UNIQUE (letter_key, kind, position)
);
CREATE TABLE hits (
    id SERIAL,
    link_id INTEGER NOT NULL REFERENCES tracked_links (id) ON DELETE CASCADE,
    letter_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    source TEXT NOT NULL,
    class TEXT,
    counted BOOLEAN NOT NULL
);
CREATE INDEX hits_of_letter ON hits (letter_key, at);
CREATE INDEX hits_of_link ON hits (link_id);
CREATE INDEX hits_waiting ON hits (at) WHERE class IS NULL;
CREATE TABLE bounces (
    letter_key TEXT NOT NULL REFERENCES sent_letters (key) ON DELETE CASCADE,
    address TEXT NOT NULL,
    code TEXT NOT NULL,
    text TEXT NOT NULL,
    permanent BOOLEAN NOT NULL,
    failed BOOLEAN NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (letter_key, address)
);
CREATE INDEX sent_letters_of_message ON sent_letters (message_key);
""")
]
