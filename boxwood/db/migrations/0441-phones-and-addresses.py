"""Telephone numbers and e-mail addresses in one form: for sign-in, duplicates and search."""

import json
from typing import Any

from boxwood.db.schema import ddl
from boxwood.lib import addresses

REINDEX = """
INSERT INTO search_chores (kind, key) SELECT 'contact', key FROM contacts
    WHERE phone_numbers <> '[]' OR fields <> '{}';
INSERT INTO search_chores (kind, key) SELECT 'organization', key FROM organizations
    WHERE phone_numbers <> '[]' OR fields <> '{}';
INSERT INTO search_chores (kind, key) SELECT 'box', key FROM boxes WHERE fields <> '{}'
"""
INSERT = "INSERT INTO identifiers (team_key, noun, kind, value, key) VALUES ({}) ON CONFLICT DO NOTHING"


def users(connection: Any) -> None:
    """An address in an old spelling that belongs to a second user stays, because both users exist."""
    sqlite = type(connection).__module__.startswith("sqlite3")
    mark = "?" if sqlite else "%s"
    cursor = connection.cursor()
    cursor.execute("SELECT key, email FROM users ORDER BY key")
    rows = cursor.fetchall()
    known = {email for _, email in rows}
    for key, email in rows:
        form = addresses.one_form(email)
        if form != email and form not in known:
            known.add(form)
            cursor.execute(f"UPDATE users SET email = {mark} WHERE key = {mark}", (form, key))


def contacts(connection: Any) -> None:
    sqlite = type(connection).__module__.startswith("sqlite3")
    mark = "?" if sqlite else "%s"
    cursor = connection.cursor()
    cursor.execute("SELECT key, team_key, email_addresses FROM contacts")
    for key, team_key, stored in cursor.fetchall():
        emails = json.loads(stored) if isinstance(stored, str) else stored
        forms = list(dict.fromkeys(map(addresses.one_form, emails)))
        if forms != emails:
            values = (json.dumps(forms, ensure_ascii=False), key)
            cursor.execute(f"UPDATE contacts SET email_addresses = {mark} WHERE key = {mark}", values)
            cursor.execute(f"DELETE FROM identifiers WHERE key = {mark} AND kind = 'email'", (key,))
            for form in forms:
                cursor.execute(INSERT.format(", ".join([mark] * 5)), (team_key, "contacts", "email", form, key))


steps = [users, contacts, ddl(REINDEX)]
