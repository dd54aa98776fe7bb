"""Conditions of event subscriptions."""

from boxwood.db.schema import ddl

steps = [ddl("ALTER TABLE webhooks ADD COLUMN condition TEXT NOT NULL DEFAULT ''")]
