"""Create automations in tests and wait for their runs."""

from typing import Any

from tests.conftest import Person, World, ok
from tests.jobs.webhooks import eventually


class Rule:
    """An automation in a pipeline of Ada or another user, and its runs."""

    def __init__(
        self,
        world: World,
        pipeline: dict[str, Any] | None,
        trigger: str | dict[str, Any],
        *steps: dict[str, Any],
        person: Person | None = None,
        **given: Any,
    ) -> None:
        self.world = world
        self.http = (person or world.ada).http
        place = f"pipelines/{pipeline['key']}" if pipeline else f"teams/{world.team_key}"
        trigger_settings = {"type": trigger} if isinstance(trigger, str) else trigger
        body = {"name": "Rule", "trigger": trigger_settings, "steps": list(steps), **given}
        self.created = ok(self.http.post(f"/api/v2/{place}/automations", json=body))
        self.key = self.created["key"]
        self.own = f"/api/v2/automations/{self.key}"

    def runs(self, **query: Any) -> list[dict[str, Any]]:
        return ok(self.http.get(f"{self.own}/runs", params=query))["results"]  # type: ignore[no-any-return]

    def run(self, key: str) -> dict[str, Any]:
        return ok(self.http.get(f"{self.own}/runs/{key}"))  # type: ignore[no-any-return]

    def ended(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait until this many runs have ended; return them with their steps, newest first."""
        eventually(lambda: len(self.runs()) >= count and all(run["state"] != "RUNNING" for run in self.runs()))
        found = self.runs()
        assert len(found) == count, found
        return [self.run(run["key"]) for run in found]

    def only(self, state: str = "DONE") -> dict[str, Any]:
        """Return its only run, which must have ended in this state."""
        found = self.ended()[0]
        assert found["state"] == state, found
        return found

    def waiting(self) -> dict[str, Any]:
        """Wait until its only run is waiting, and return that run."""
        eventually(lambda: any("waitingUntil" in run for run in self.runs()))
        return self.run(self.runs()[0]["key"])


def do(kind: str, id_: str = "", **given: Any) -> dict[str, Any]:
    """Return the definition of a step."""
    return {"type": kind, "with": given, **({"id": id_} if id_ else {})}
