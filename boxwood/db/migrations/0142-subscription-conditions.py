"""Conditions of event subscriptions."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [step(ddl("ALTER TABLE webhooks ADD COLUMN condition TEXT NOT NULL DEFAULT ''"))]
