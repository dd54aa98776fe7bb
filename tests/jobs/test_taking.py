"""Which deliveries a worker takes by their keys."""

from boxwood.core.webhooks import deliveries, delivery_queue
from boxwood.core.webhooks.delivery_queue import DeliveryCapacity
from boxwood.db.engine import Db
from tests.conftest import World, ok
from tests.jobs.webhooks import Hook, all_is_well, receiver
from tests.receiver import Receiver

__all__ = ["all_is_well", "receiver"]
MINUTE = 60_000


def test_a_new_delivery_is_taken_by_its_key_once_if_it_may_be_sent_at_once(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    plain, other = (Hook(world.ada, receiver, "BOX_EDIT", pipeline=pipeline) for _ in range(2))
    ordered = Hook(world.ada, receiver, "BOX_EDIT", pipeline=pipeline, ordered=True)
    off, broken = (Hook(world.ada, receiver, "BOX_EDIT", pipeline=pipeline) for _ in range(2))
    bos = Hook(world.bo, receiver, "BOX_EDIT", pipelineKey=pipeline["key"])
    ok(world.ada.http.post(off.own, json={"active": False}))
    path = f"/api/v2/pipelines/{pipeline['key']}"
    ok(world.ada.http.post(path, json={"defaultPermissionSetName": "__noAccessPermissionSet__"}))
    engine = world.server.engine
    later = world.clock() + 10 * MINUTE
    hooks = [hook.subscription["key"] for hook in (plain, other, ordered, off, broken, bos)]

    def make(db: Db) -> int:
        row = db.row("SELECT MAX(id) FROM events WHERE box_key = :box", box=box["key"])
        assert row is not None
        deliveries.add(db, [deliveries.row(later, row[0], "BOX_EDIT", hook) for hook in hooks])
        until = later + MINUTE
        db.run("UPDATE webhooks SET waits_until = :until WHERE key = :key", until=until, key=broken.subscription["key"])
        return int(row[0])

    event = engine.write(make)
    keys = [deliveries.key(hook, event) for hook in hooks]
    assert [deliveries.webhook_of(key) for key in keys] == hooks
    capacity = DeliveryCapacity(worker="one", lease_until=later + MINUTE, total=100, retries=50, each=8, limits={})
    assert engine.write(lambda db: delivery_queue.take_just_created(db, later - 1, capacity, keys)) == []
    taken = engine.write(lambda db: delivery_queue.take_just_created(db, later, capacity, keys))
    assert {found.webhook.key for found in taken} == {plain.subscription["key"], other.subscription["key"]}
    for found in taken:
        assert found.event is not None
        assert (found.event.id, found.event.box_key) == (event, box["key"])
        assert (found.delivery.worker, found.delivery.attempts, found.delivery.due_at) == ("one", 1, later + MINUTE)
        assert found.webhook.key == found.delivery.webhook_key
    assert engine.write(lambda db: delivery_queue.take_just_created(db, later, capacity, keys)) == []
    rest = engine.write(lambda db: delivery_queue.take(db, later, capacity))
    assert {found.webhook.key for found in rest} & set(hooks) == {ordered.subscription["key"]}
    engine.write(lambda db: db.many("DELETE FROM deliveries WHERE key = :key", [{"key": key} for key in keys]))
