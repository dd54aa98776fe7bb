"""An index that finds all events of a change by its change id. The first event of a change may lack the id."""

from boxwood.db.schema import ddl

_SQL = "CREATE INDEX events_of_change ON events (({0})) WHERE {0} IS NOT NULL"

steps = [
    ddl(_SQL.format("""detail->>'$."change_id"'"""), only="sqlite"),
    ddl(_SQL.format("detail->>'change_id'"), only="postgres"),
    # Events of a pipeline itself, which are few among the events of its boxes.
    ddl("CREATE INDEX events_of_pipeline_alone ON events (pipeline_key, id) WHERE box_key IS NULL"),
]
