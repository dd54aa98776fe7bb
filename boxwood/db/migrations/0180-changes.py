"""All events of one change are found by its name, which its first event need not hold."""

from yoyo import step

from boxwood.db.schema import ddl

_SQL = "CREATE INDEX events_of_change ON events (({0})) WHERE {0} IS NOT NULL"

steps = [
    step(ddl(_SQL.format("""detail->>'$."change_id"'"""), only="sqlite")),
    step(ddl(_SQL.format("detail->>'change_id'"), only="postgres")),
    # What happened to a pipeline itself, among all that happened to its boxes.
    step(ddl("CREATE INDEX events_of_pipeline_alone ON events (pipeline_key, id) WHERE box_key IS NULL")),
]
