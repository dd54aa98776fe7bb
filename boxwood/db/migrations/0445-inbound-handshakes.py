"""Inbound webhooks: the digest of the verify token with which Meta checks an address."""

from boxwood.db.schema import ddl

steps = [ddl("ALTER TABLE inbound ADD COLUMN verify_digest TEXT NOT NULL DEFAULT ''")]
