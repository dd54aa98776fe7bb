"""Fields, by calling core directly."""

from boxwood.core.context import Ctx
from boxwood.core.pipelines import schema
from tests.conftest import World, ok


def test_fields_come_in_the_order_in_which_they_were_created(world: World) -> None:
    pipeline = world.pipeline()
    created = [world.field(pipeline, "TEXT_INPUT", name)["key"] for name in ("Size", "Weight", "Colour")]
    path = f"/api/v1/pipelines/{pipeline['key']}/fields/{created[0]}"
    ok(world.ada.http.post(path, json={"name": "Length"}))  # a row that changed is last in PostgreSQL's table

    def found(ctx: Ctx) -> list[str]:
        if ctx.db.dialect.name == "postgres":
            ctx.db.run("SET LOCAL enable_indexscan = off")
            ctx.db.run("SET LOCAL enable_bitmapscan = off")
        return [*schema.fields_by_key(ctx, pipeline["key"])]

    assert world.as_("ada", found) == created
