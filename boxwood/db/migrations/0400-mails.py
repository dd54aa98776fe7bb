"""E-mail is stored once in a team: a message is a mail on a box. Who sees the mail of a conversation, blocked
addresses, rules of pipelines, and mail that waits for a decision."""

import json
from typing import Any

from boxwood.db.schema import ddl
from boxwood.lib import ids

# Mails of before have the parser version 0: their original bytes were not stored. Their identity is the one that
# messages had: the Message-ID, or a digest of the bytes.
TABLES = """
CREATE TABLE mails (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key),
    identity TEXT NOT NULL,
    message_id TEXT,
    mail_references JSON NOT NULL,
    subject TEXT NOT NULL,
    sender JSON NOT NULL,
    reply_to JSON NOT NULL,
    recipients JSON NOT NULL,
    cc JSON NOT NULL,
    sent_at INTEGER NOT NULL,
    text TEXT NOT NULL,
    html TEXT,
    truncated BOOLEAN NOT NULL,
    automatic BOOLEAN NOT NULL,
    list_id TEXT,
    raw_blob TEXT REFERENCES blobs (id),
    size INTEGER,
    parser_version INTEGER NOT NULL,
    is_kept BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (team_key, identity)
);
CREATE INDEX mails_of_blob ON mails (raw_blob);
CREATE TABLE mail_files (
    mail_key TEXT NOT NULL REFERENCES mails (key) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    blob TEXT NOT NULL REFERENCES blobs (id),
    sha256 TEXT NOT NULL,
    content_id TEXT,
    is_inline BOOLEAN NOT NULL,
    PRIMARY KEY (mail_key, position)
);
CREATE INDEX mail_files_of_blob ON mail_files (blob);
CREATE TABLE new_messages (
    key TEXT PRIMARY KEY,
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    pipeline_key TEXT NOT NULL,
    thread_key TEXT NOT NULL REFERENCES threads (key) ON DELETE CASCADE,
    mail_key TEXT NOT NULL REFERENCES mails (key),
    creator_key TEXT NOT NULL REFERENCES users (key),
    owner_keys JSON NOT NULL,
    bcc JSON NOT NULL,
    sent BOOLEAN NOT NULL,
    sent_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (thread_key, mail_key)
);
CREATE TABLE thread_shares (
    thread_key TEXT PRIMARY KEY,
    box_key TEXT NOT NULL,
    share TEXT NOT NULL,
    owner_key TEXT NOT NULL
);
CREATE INDEX thread_shares_of_box ON thread_shares (box_key);
CREATE TABLE unboxed_mail_ids (
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    thread_key TEXT NOT NULL,
    PRIMARY KEY (box_key, message_id)
);
CREATE INDEX unboxed_mail_ids_of_id ON unboxed_mail_ids (message_id);
CREATE TABLE trash_mails (
    mail_key TEXT NOT NULL REFERENCES mails (key),
    trash_key TEXT NOT NULL REFERENCES trash (key) ON DELETE CASCADE,
    PRIMARY KEY (mail_key, trash_key)
);
CREATE INDEX trash_mails_of ON trash_mails (trash_key);
CREATE TABLE mail_blocks (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    user_key TEXT REFERENCES users (key),
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    creator_key TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX mail_blocks_of_team ON mail_blocks (team_key, value);
CREATE TABLE mail_rules (
    key TEXT PRIMARY KEY,
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    member TEXT NOT NULL,
    value TEXT NOT NULL,
    box_key TEXT,
    stage_key TEXT,
    creator_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX mail_rules_of_pipeline ON mail_rules (pipeline_key, created_at, key);
CREATE TABLE box_suggestions (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    mailbox_key TEXT NOT NULL,
    user_key TEXT REFERENCES users (key),
    pipeline_key TEXT,
    folder TEXT,
    uidvalidity INTEGER,
    uid INTEGER,
    mail_key TEXT REFERENCES mails (key) ON DELETE CASCADE,
    candidates JSON NOT NULL,
    wanted JSON,
    actor_key TEXT,
    created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX box_suggestions_of_place ON box_suggestions (mailbox_key, folder, uidvalidity, uid);
CREATE INDEX box_suggestions_of_user ON box_suggestions (user_key, created_at, key);
CREATE INDEX box_suggestions_of_team ON box_suggestions (team_key, created_at, key);
CREATE INDEX box_suggestions_of_mail ON box_suggestions (mail_key);
CREATE TABLE box_addresses (
    address TEXT NOT NULL,
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    PRIMARY KEY (address, box_key)
);
CREATE INDEX box_addresses_of_box ON box_addresses (box_key);
"""
# The same bytes may belong to a file of several boxes, and to the mail. A mail may be in several conversations of a
# box, if their owners restrict them.
SHARED_BYTES_SQLITE = """
CREATE TABLE new_mail_ids (
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    thread_key TEXT NOT NULL REFERENCES threads (key) ON DELETE CASCADE,
    PRIMARY KEY (box_key, message_id, thread_key)
);
INSERT INTO new_mail_ids (box_key, message_id, thread_key) SELECT box_key, message_id, thread_key FROM mail_ids;
DROP TABLE mail_ids;
ALTER TABLE new_mail_ids RENAME TO mail_ids;
CREATE INDEX mail_ids_of_thread ON mail_ids (thread_key);
CREATE TABLE new_files (
    key TEXT PRIMARY KEY,
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    owner_key TEXT NOT NULL REFERENCES users (key),
    name TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size INTEGER,
    blob TEXT REFERENCES blobs (id),
    sha256 TEXT,
    drive_id TEXT,
    created_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    thread_key TEXT REFERENCES threads (key) ON DELETE CASCADE,
    message_key TEXT,
    UNIQUE (box_key, drive_id),
    CHECK ((blob IS NULL) <> (drive_id IS NULL))
);
INSERT INTO new_files (key, box_key, owner_key, name, mime_type, size, blob, sha256, drive_id, created_at, saved_at,
        thread_key, message_key)
    SELECT key, box_key, owner_key, name, mime_type, size, blob, sha256, drive_id, created_at, saved_at, thread_key,
        message_key FROM files;
DROP TABLE files;
ALTER TABLE new_files RENAME TO files;
CREATE INDEX files_of_box ON files (box_key, created_at, key);
CREATE INDEX files_of_thread ON files (thread_key);
CREATE INDEX files_of_message ON files (message_key);
CREATE TABLE new_trash_files (
    blob TEXT NOT NULL REFERENCES blobs (id),
    trash_key TEXT NOT NULL REFERENCES trash (key) ON DELETE CASCADE,
    PRIMARY KEY (blob, trash_key)
);
INSERT INTO new_trash_files (blob, trash_key) SELECT blob, trash_key FROM trash_files;
DROP TABLE trash_files;
ALTER TABLE new_trash_files RENAME TO trash_files;
CREATE INDEX trash_files_of ON trash_files (trash_key);
"""
SHARED_BYTES_POSTGRES = """
ALTER TABLE mail_ids DROP CONSTRAINT mail_ids_pkey;
ALTER TABLE mail_ids ADD PRIMARY KEY (box_key, message_id, thread_key);
ALTER TABLE files DROP CONSTRAINT files_blob_key;
ALTER TABLE trash_files DROP CONSTRAINT trash_files_pkey;
ALTER TABLE trash_files ADD PRIMARY KEY (blob, trash_key);
"""
SWITCH = """
DROP TABLE messages;
ALTER TABLE new_messages RENAME TO messages;
CREATE INDEX messages_of_thread ON messages (thread_key, sent_at, key);
CREATE INDEX messages_of_box ON messages (box_key, sent_at, key);
CREATE INDEX messages_of_mail ON messages (mail_key);
CREATE INDEX mail_ids_of_id ON mail_ids (message_id);
CREATE INDEX files_of_blob ON files (blob);
"""
VIEW = """
CREATE VIEW whole_messages AS
SELECT m.key, m.box_key, m.pipeline_key, m.thread_key, m.creator_key, l.identity, l.message_id, l.mail_references,
    l.subject, l.sender, l.reply_to, l.recipients, l.cc, m.bcc, m.sent, m.sent_at, l.text, l.html, l.truncated,
    m.created_at, m.mail_key, m.owner_keys, l.automatic, l.list_id
FROM messages m JOIN mails l ON l.key = m.mail_key
"""
MEMBERS = "addresses", "extracted", "whitelist"
SQLITE_ADDRESSES = """
CREATE TRIGGER addresses_of_new AFTER INSERT ON boxes WHEN NEW.emails <> '{}' BEGIN
    {insert} WHERE b.key = NEW.key;
END|
CREATE TRIGGER addresses_of_changed AFTER UPDATE OF emails ON boxes WHEN NEW.emails <> OLD.emails BEGIN
    DELETE FROM box_addresses WHERE box_key = NEW.key;
    {insert} WHERE b.key = NEW.key;
END|
{insert}
""".replace(
    "{insert}",
    "INSERT OR IGNORE INTO box_addresses (address, box_key) SELECT a.value, b.key FROM boxes b, json_each("
    "json_array(" + ", ".join(f"json(COALESCE(b.emails->'$.{member}', '[]'))" for member in MEMBERS) + ")) l, "
    "json_each(l.value) a",
)
_POSTGRES_INSERT = (
    "INSERT INTO box_addresses (address, box_key) SELECT DISTINCT a.value, {0}.key FROM {1} jsonb_array_elements_text("
    + " || ".join(f"COALESCE({{0}}.emails->'{member}', '[]'::jsonb)" for member in MEMBERS)
    + ") AS a (value)"
)
POSTGRES_ADDRESSES = f"""
CREATE FUNCTION keep_addresses() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM box_addresses WHERE box_key = NEW.key;
    END IF;
    {_POSTGRES_INSERT.format("NEW", "")};
    RETURN NULL;
END $$ LANGUAGE plpgsql|
CREATE TRIGGER addresses_of_new AFTER INSERT ON boxes FOR EACH ROW WHEN (NEW.emails <> '{{}}'::jsonb)
    EXECUTE FUNCTION keep_addresses()|
CREATE TRIGGER addresses_of_changed AFTER UPDATE OF emails ON boxes FOR EACH ROW
    WHEN (NEW.emails IS DISTINCT FROM OLD.emails) EXECUTE FUNCTION keep_addresses()|
{_POSTGRES_INSERT.format("b", "boxes b CROSS JOIN")}
"""
MAIL = (
    "key", "team_key", "identity", "message_id", "mail_references", "subject", "sender", "reply_to", "recipients", "cc",
    "sent_at", "text", "html", "truncated", "automatic", "parser_version", "is_kept", "created_at",
)  # fmt: skip
MESSAGE = (
    "key", "box_key", "pipeline_key", "thread_key", "mail_key", "creator_key", "owner_keys", "bcc", "sent", "sent_at",
    "created_at",
)  # fmt: skip
BEFORE = (
    "key", "box_key", "pipeline_key", "thread_key", "creator_key", "identity", "message_id", "mail_references",
    "subject", "sender", "reply_to", "recipients", "cc", "bcc", "sent", "sent_at", "text", "html", "truncated",
    "created_at",
)  # fmt: skip
AT_ONCE = 500


class Mover:
    """Makes a mail of each message, in tables and in the trash."""

    def __init__(self, connection: Any) -> None:
        self.sqlite = type(connection).__module__.startswith("sqlite3")
        self.cursor = connection.cursor()
        self.read = connection.cursor()
        self.mark = "?" if self.sqlite else "%s"
        self.read.execute("SELECT key, team_key FROM pipelines")
        self.teams = dict(self.read.fetchall())
        self.known: dict[tuple[str, str, str], str] = {}

    def insert(self, table: str, names: tuple[str, ...], values: dict[str, Any]) -> None:
        given = [json.dumps(values[n]) if isinstance(values[n], list | dict) else values[n] for n in names]
        marks = ", ".join([self.mark] * len(names))
        self.cursor.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", given)

    def message(self, row: dict[str, Any]) -> dict[str, Any]:
        """The message's row in the new table, after its mail is inserted unless the team has it."""
        row = {name: _decoded(row[name]) if name in _JSON else row[name] for name in BEFORE}
        team = self.teams[row["pipeline_key"]]
        # Two mails with one id are the same only if their senders and subjects are.
        which = (team, row["identity"], json.dumps([row["sender"]["email"], row["subject"]]))
        if which not in self.known:
            others = sum(known[:2] == which[:2] for known in self.known)
            key = self.known[which] = ids.new("g", row["created_at"])
            identity = row["identity"] if not others else f"{row['identity']} {others}"
            more = {"automatic": False, "parser_version": 0, "is_kept": False}
            flags = {"truncated": bool(row["truncated"])}
            self.insert("mails", MAIL, {**row, **more, **flags, "key": key, "team_key": team, "identity": identity})
        mail_key = self.known[which]
        return {**{n: row[n] for n in MESSAGE if n in row}, "mail_key": mail_key, "owner_keys": [row["creator_key"]]}

    def move(self) -> None:
        last = ""
        while True:
            self.read.execute(
                f"SELECT {', '.join(BEFORE)} FROM messages WHERE key > {self.mark} ORDER BY key LIMIT {AT_ONCE}",
                (last,),
            )
            rows = self.read.fetchall()
            for row in rows:
                moved = self.message(dict(zip(BEFORE, row, strict=True)))
                self.insert("new_messages", MESSAGE, {**moved, "sent": bool(moved["sent"])})
            if len(rows) < AT_ONCE:
                return
            last = rows[-1][0]

    def move_trash(self) -> None:
        self.read.execute("SELECT key, held FROM trash WHERE noun IN ('box', 'thread')")
        for key, held in self.read.fetchall():
            stored = _decoded(held)
            if not stored.get("messages"):
                continue
            stored["messages"] = [self.message(row) for row in stored["messages"]]
            for row in stored["messages"]:
                row |= {name: json.dumps(row[name]) for name in ("owner_keys", "bcc")}
            self.cursor.execute(
                f"UPDATE trash SET held = {self.mark} WHERE key = {self.mark}", (json.dumps(stored), key)
            )
            for mail_key in {row["mail_key"] for row in stored["messages"]}:
                self.insert("trash_mails", ("mail_key", "trash_key"), {"mail_key": mail_key, "trash_key": key})


_JSON = ("mail_references", "sender", "reply_to", "recipients", "cc", "bcc")


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def move(connection: Any) -> None:
    mover = Mover(connection)
    mover.move()
    mover.move_trash()


def addresses(connection: Any) -> None:
    sqlite = type(connection).__module__.startswith("sqlite3")
    cursor = connection.cursor()
    for statement in (SQLITE_ADDRESSES if sqlite else POSTGRES_ADDRESSES).split("|\n"):
        cursor.execute(statement)


steps = [
    ddl(TABLES),
    move,
    ddl(SHARED_BYTES_SQLITE, only="sqlite"),
    ddl(SHARED_BYTES_POSTGRES, only="postgres"),
    ddl(SWITCH),
    ddl(VIEW),
    addresses,
]
