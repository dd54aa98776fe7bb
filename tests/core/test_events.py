"""Events and those that listen to them."""

import pytest

from boxwood.core import boxes, events
from tests.conftest import World


def test_an_event_is_refused_while_no_listener_is_connected(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = world.pipeline()
    monkeypatch.setattr(events, "LISTENERS", [])
    with pytest.raises(RuntimeError, match="connect"):
        world.as_("ada", lambda ctx: boxes.create(ctx, pipeline["key"], {"name": "A"}))
