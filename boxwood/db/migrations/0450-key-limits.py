"""Limits of API keys: scopes, pipelines, an end and addresses; and those of imports that such a key starts."""

from typing import Any

from boxwood.db.schema import ddl


def watch(connection: Any) -> None:
    """Count changes of the limits too, because they are cached."""
    if type(connection).__module__.startswith("sqlite3"):
        return
    cursor = connection.cursor()
    cursor.execute("DROP TRIGGER note_alteration ON api_keys")
    cursor.execute("""
        CREATE CONSTRAINT TRIGGER note_alteration AFTER INSERT OR DELETE
            OR UPDATE OF digest, user_key, key_type, team_key, proposes, limits ON api_keys
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_alteration()
    """)


steps = [
    ddl("""
ALTER TABLE api_keys ADD COLUMN limits JSON;
ALTER TABLE imports ADD COLUMN scopes JSON;
"""),
    watch,
]
