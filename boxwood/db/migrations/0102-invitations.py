"""Invitations, and the links that belong to them."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE invitations (
    key TEXT PRIMARY KEY,
    team_key TEXT REFERENCES teams (key) ON DELETE CASCADE,
    user_key TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    inviter_key TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    mailed BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    accepted_at INTEGER
);
CREATE INDEX invitations_of_team ON invitations (team_key, created_at);
CREATE INDEX invitations_of_user ON invitations (user_key);
CREATE INDEX invitations_of_inviter ON invitations (inviter_key, created_at);
ALTER TABLE sign_in_links ADD COLUMN invitation_key TEXT REFERENCES invitations (key) ON DELETE CASCADE;
""")
]
