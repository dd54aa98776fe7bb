"""Inbound webhooks: the digest of the verify token with which Meta checks an address."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [step(ddl("ALTER TABLE inbound ADD COLUMN verify_digest TEXT NOT NULL DEFAULT ''"))]
