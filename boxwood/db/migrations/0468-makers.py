"""The API key through which a record was saved last, and the keys with limits that were revoked."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE ended_keys (key TEXT PRIMARY KEY);
ALTER TABLE webhooks ADD COLUMN maker TEXT;
ALTER TABLE inbound ADD COLUMN maker TEXT;
ALTER TABLE calendars ADD COLUMN maker TEXT;
ALTER TABLE automations ADD COLUMN maker TEXT;
ALTER TABLE imports ADD COLUMN maker TEXT
""")
]
