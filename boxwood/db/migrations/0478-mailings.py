"""Mailings: one mail to many recipients, each as a letter of their own."""

from boxwood.db.schema import ddl

# An address gets a mailing once: the unique index guards it, beside the rows of those who are left out.
steps = [
    ddl("""
CREATE TABLE mailings (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    creator_key TEXT NOT NULL REFERENCES users (key),
    of_team BOOLEAN NOT NULL,
    maker TEXT,
    name TEXT NOT NULL,
    mailbox_key TEXT,
    subject TEXT NOT NULL,
    html TEXT NOT NULL,
    text TEXT NOT NULL,
    track JSON NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    due_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX mailings_of_creator ON mailings (creator_key, created_at);
CREATE INDEX mailings_due ON mailings (due_at) WHERE state = 'running';
CREATE TABLE mailing_recipients (
    key TEXT PRIMARY KEY,
    mailing_key TEXT NOT NULL REFERENCES mailings (key) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    box_key TEXT,
    contact_key TEXT,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NOT NULL,
    subject TEXT,
    html TEXT,
    text TEXT,
    letter_key TEXT,
    replied_at INTEGER,
    unsubscribed_at INTEGER
);
CREATE INDEX mailing_recipients_in_order ON mailing_recipients (mailing_key, position);
CREATE UNIQUE INDEX mailing_recipients_once ON mailing_recipients (mailing_key, address) WHERE state <> 'leftOut';
CREATE INDEX mailing_recipients_waiting ON mailing_recipients (mailing_key, position) WHERE state = 'waiting';
CREATE INDEX mailing_recipients_of_letter ON mailing_recipients (letter_key) WHERE letter_key IS NOT NULL;
""")
]
