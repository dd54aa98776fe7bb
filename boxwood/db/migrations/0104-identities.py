"""Who a user is at an OpenID Connect provider."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_key TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_of_user ON identities (user_key);
""")
]
