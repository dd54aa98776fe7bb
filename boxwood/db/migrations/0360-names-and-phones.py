"""Names without accents and telephone numbers without the country, by which duplicates are found."""

import json
from typing import Any

from boxwood.lib import phones, search_words

INSERT = "INSERT INTO identifiers (team_key, noun, kind, value, key) VALUES ({}) ON CONFLICT DO NOTHING"


def again(connection: Any) -> None:
    sqlite = type(connection).__module__.startswith("sqlite3")
    mark = "?" if sqlite else "%s"
    insert = INSERT.format(", ".join([mark] * 5))
    cursor = connection.cursor()
    cursor.execute("SELECT team_key, noun, value, key FROM identifiers WHERE kind = 'name'")
    for team_key, noun, value, key in cursor.fetchall():
        plain = " ".join(search_words.plain(value).split())[:200]
        if plain != value:
            cursor.execute(f"DELETE FROM identifiers WHERE key = {mark} AND kind = 'name'", (key,))
            cursor.execute(insert, (team_key, noun, "name", plain, key))
    for noun in ("contacts", "organizations"):
        cursor.execute(f"SELECT team_key, key, phone_numbers FROM {noun}")
        for team_key, key, stored in cursor.fetchall():
            numbers = json.loads(stored) if isinstance(stored, str) else stored
            if not numbers:
                continue
            cursor.execute(f"DELETE FROM identifiers WHERE key = {mark} AND kind = 'phone'", (key,))
            for found in dict.fromkeys(filter(None, map(phones.form, numbers))):
                cursor.execute(insert, (team_key, noun, "phone", found, key))


steps = [again]
