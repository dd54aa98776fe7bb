"""Do not count changes of a subscription's delivery state: it is not cached, and each failed delivery changes it."""

from typing import Any


def watch(connection: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        return
    cursor = connection.cursor()
    cursor.execute("DROP TRIGGER note_alteration ON webhooks")
    cursor.execute("""
        CREATE CONSTRAINT TRIGGER note_alteration AFTER INSERT OR DELETE
            OR UPDATE OF event, scope_key, pipeline_key, team_key, user_key, stages, fields, active ON webhooks
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_alteration()
    """)


steps = [watch]
