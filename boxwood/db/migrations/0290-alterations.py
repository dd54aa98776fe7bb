"""A number that grows with each commit that changes data in the read cache of PostgreSQL (see db/read_cache)."""

from typing import Any

from boxwood.db.read_cache import CACHED_TABLES

# The trigger runs at the commit, so that no transaction waits for the number's row while it holds another row. It
# counts once for each transaction.
FUNCTION = """
CREATE FUNCTION note_alteration() RETURNS trigger AS $$
BEGIN
    UPDATE alterations SET number = number + 1, txid = pg_current_xact_id()::text::bigint
    WHERE txid <> pg_current_xact_id()::text::bigint;
    RETURN NULL;
END $$ LANGUAGE plpgsql
"""


def watch(connection: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        return
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE alterations (number BIGINT NOT NULL, txid BIGINT NOT NULL)")
    cursor.execute("INSERT INTO alterations (number, txid) VALUES (1, 0)")
    cursor.execute(FUNCTION)
    for table in CACHED_TABLES:
        # The time of the last use of an API key is not cached.
        changed = "UPDATE OF digest, user_key, key_type, team_key" if table == "api_keys" else "UPDATE"
        cursor.execute(
            f"CREATE CONSTRAINT TRIGGER note_alteration AFTER INSERT OR DELETE OR {changed} ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_alteration()"
        )


steps = [watch]
