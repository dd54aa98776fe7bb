"""Apps that users have connected by OAuth: their registrations, and the codes and refresh tokens of their keys."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE app_clients (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    uri TEXT NOT NULL,
    redirect_uris JSON NOT NULL,
    created_at INTEGER NOT NULL
);
ALTER TABLE api_keys ADD COLUMN client_key TEXT REFERENCES app_clients (key);
CREATE INDEX api_keys_of_client ON api_keys (client_key) WHERE client_key IS NOT NULL;
CREATE TABLE app_tokens (
    digest TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    api_key_key TEXT NOT NULL REFERENCES api_keys (key) ON DELETE CASCADE,
    detail JSON NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
);
CREATE INDEX app_tokens_of ON app_tokens (api_key_key);
CREATE INDEX app_tokens_end ON app_tokens (expires_at);
""")
]
