"""Mailboxes that are read by IMAP, and how far each of their folders was read."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE mailboxes (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    owner_key TEXT REFERENCES users (key),
    user_key TEXT NOT NULL REFERENCES users (key),
    address TEXT NOT NULL,
    aliases JSON NOT NULL,
    kind TEXT NOT NULL,
    share TEXT NOT NULL,
    imap JSON NOT NULL,
    smtp JSON,
    provider TEXT NOT NULL,
    secret TEXT,
    since INTEGER,
    state TEXT NOT NULL,
    error TEXT,
    failures INTEGER NOT NULL,
    failing_since INTEGER,
    due_at INTEGER NOT NULL,
    worker TEXT,
    lease_until INTEGER NOT NULL,
    day INTEGER NOT NULL,
    day_bytes INTEGER NOT NULL,
    connected_at INTEGER,
    synced_at INTEGER,
    checked_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX mailboxes_of_address ON mailboxes (team_key, address, COALESCE(owner_key, ''));
CREATE INDEX mailboxes_of_owner ON mailboxes (owner_key);
CREATE INDEX mailboxes_due ON mailboxes (state, due_at);
CREATE TABLE mail_folders (
    mailbox_key TEXT NOT NULL REFERENCES mailboxes (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    up INTEGER NOT NULL,
    down INTEGER NOT NULL,
    filled BOOLEAN NOT NULL,
    modseq INTEGER,
    uidnext INTEGER,
    looked INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    reasons JSON NOT NULL,
    on_server INTEGER,
    fresh_from INTEGER NOT NULL,
    synced_at INTEGER,
    checked_at INTEGER,
    PRIMARY KEY (mailbox_key, name)
);
CREATE TABLE mail_places (
    mailbox_key TEXT NOT NULL REFERENCES mailboxes (key) ON DELETE CASCADE,
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    mail_key TEXT REFERENCES mails (key) ON DELETE SET NULL,
    flags JSON NOT NULL,
    bcc JSON NOT NULL,
    gmail_message_id TEXT,
    gmail_thread_id TEXT,
    internal_date INTEGER,
    PRIMARY KEY (mailbox_key, folder, uidvalidity, uid)
);
CREATE INDEX mail_places_of_mail ON mail_places (mail_key);
CREATE INDEX mail_places_of_gmail_thread ON mail_places (gmail_thread_id) WHERE gmail_thread_id IS NOT NULL;
CREATE INDEX mail_places_of_gmail_message ON mail_places (gmail_message_id) WHERE gmail_message_id IS NOT NULL;
CREATE TABLE mail_refusals (
    mailbox_key TEXT NOT NULL REFERENCES mailboxes (key) ON DELETE CASCADE,
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    reason TEXT NOT NULL,
    size INTEGER NOT NULL,
    internal_date INTEGER,
    at INTEGER NOT NULL,
    PRIMARY KEY (mailbox_key, folder, uidvalidity, uid)
);
CREATE TABLE mail_searches (
    mailbox_key TEXT NOT NULL REFERENCES mailboxes (key) ON DELETE CASCADE,
    address TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (mailbox_key, address)
);
CREATE TABLE mail_authorizations (
    digest TEXT PRIMARY KEY,
    mailbox_key TEXT NOT NULL REFERENCES mailboxes (key) ON DELETE CASCADE,
    user_key TEXT NOT NULL,
    provider TEXT NOT NULL,
    verifier TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    ends_at INTEGER NOT NULL
);
""")
]
