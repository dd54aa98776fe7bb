"""Mail that users write: drafts, letters that are scheduled or sent, and how mailboxes send."""

from boxwood.db.schema import ddl

# A letter keeps the keys of its box and its mailbox after these were deleted, and a draft those of its box.
steps = [
    ddl("""
CREATE TABLE drafts (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    creator_key TEXT NOT NULL REFERENCES users (key),
    of_team BOOLEAN NOT NULL,
    mailbox_key TEXT,
    box_key TEXT,
    contact_key TEXT,
    thread_key TEXT,
    message_key TEXT,
    kind TEXT NOT NULL,
    recipients JSON NOT NULL,
    cc JSON NOT NULL,
    bcc JSON NOT NULL,
    subject TEXT NOT NULL,
    html TEXT NOT NULL,
    text TEXT NOT NULL,
    in_reply_to TEXT,
    mail_references JSON NOT NULL,
    shared BOOLEAN NOT NULL,
    track JSON NOT NULL,
    snippet_key TEXT,
    version INTEGER NOT NULL,
    letter_key TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX drafts_of_creator ON drafts (creator_key, updated_at);
CREATE INDEX drafts_of_team ON drafts (team_key, updated_at) WHERE shared;
CREATE INDEX drafts_of_box ON drafts (box_key);
CREATE TABLE outgoing_files (
    key TEXT PRIMARY KEY,
    of_key TEXT NOT NULL,
    name TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    blob TEXT NOT NULL REFERENCES blobs (id),
    sha256 TEXT NOT NULL,
    content_id TEXT
);
CREATE INDEX outgoing_files_of ON outgoing_files (of_key, key);
CREATE INDEX outgoing_files_of_blob ON outgoing_files (blob);
CREATE TABLE sent_letters (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    creator_key TEXT NOT NULL REFERENCES users (key),
    mailbox_key TEXT NOT NULL,
    owner_key TEXT,
    draft_key TEXT,
    box_key TEXT,
    contact_key TEXT,
    thread_key TEXT,
    message_key TEXT,
    mail_key TEXT REFERENCES mails (key),
    message_id TEXT NOT NULL,
    in_reply_to TEXT,
    mail_references JSON NOT NULL,
    sender JSON NOT NULL,
    recipients JSON NOT NULL,
    cc JSON NOT NULL,
    bcc JSON NOT NULL,
    recipient_count INTEGER NOT NULL,
    subject TEXT NOT NULL,
    html TEXT NOT NULL,
    text TEXT NOT NULL,
    track JSON NOT NULL,
    automatic BOOLEAN NOT NULL,
    mailing_key TEXT,
    run_key TEXT,
    state TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT,
    worker TEXT,
    lease_until INTEGER NOT NULL,
    handed_at INTEGER,
    sent_at INTEGER,
    copy_state TEXT NOT NULL,
    copy_due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX sent_letters_due ON sent_letters (due_at, key) WHERE state = 'scheduled';
CREATE INDEX sent_letters_handing ON sent_letters (lease_until) WHERE state = 'handing';
CREATE INDEX sent_letters_to_copy ON sent_letters (copy_due_at) WHERE copy_state = 'wanted';
CREATE INDEX sent_letters_of_id ON sent_letters (team_key, message_id);
CREATE INDEX sent_letters_of_creator ON sent_letters (creator_key, due_at);
CREATE INDEX sent_letters_of_box ON sent_letters (box_key, due_at);
CREATE INDEX sent_letters_of_mailbox ON sent_letters (mailbox_key, handed_at);
CREATE INDEX sent_letters_of_mailing ON sent_letters (mailing_key, state) WHERE mailing_key IS NOT NULL;
CREATE INDEX sent_letters_of_run ON sent_letters (run_key) WHERE run_key IS NOT NULL;
CREATE INDEX sent_letters_of_mail ON sent_letters (mail_key);
ALTER TABLE mailboxes ADD COLUMN sending JSON NOT NULL DEFAULT '{}';
ALTER TABLE mails ADD COLUMN is_ours BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX mails_of_ours ON mails (team_key, message_id) WHERE is_ours;
""")
]
