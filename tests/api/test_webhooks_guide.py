"""The example programs of the webhook guide verify real deliveries."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from boxwood.core.webhooks import subscriptions
from tests.conftest import World, ok
from tests.house.tree import ROOT
from tests.jobs.webhooks import Hook, all_is_well, receiver
from tests.receiver import Received, Receiver

__all__ = ["all_is_well", "receiver"]
GUIDE = (ROOT / "docs/guide/webhooks.md").read_text()


def program(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE, re.S)
    assert found
    return found[1]


def in_python(cases: list[tuple[str, dict[str, str], bytes]], folder: Path) -> list[bool]:
    names: dict[str, Any] = {}
    exec(program("python"), names)
    return [names["verify"](*case) for case in cases]


def in_node(cases: list[tuple[str, dict[str, str], bytes]], folder: Path) -> list[bool]:
    spelled = json.dumps([(secret, headers, body.hex()) for secret, headers, body in cases])
    script = folder / "verify.cjs"
    script.write_text(
        f"{program('javascript')}\nconst cases = {spelled};\n"
        "console.log(JSON.stringify(cases.map(([s, h, b]) => verify(s, h, Buffer.from(b, 'hex')))));\n"
    )
    done = subprocess.run(["node", script], capture_output=True, text=True, check=True, timeout=300)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def cases(secret: str, sent: Received) -> list[tuple[str, dict[str, str], bytes]]:
    """Yield a correct delivery and deliveries that must be rejected."""
    other = "whsec_" + "QUFB" * 8
    late = {**sent.headers, "webhook-timestamp": str(int(sent.headers["webhook-timestamp"]) - 301)}
    changed = [
        {**sent.headers, "webhook-id": "other"},
        late,
        {**sent.headers, "webhook-signature": "v1,AAAA"},
        {**sent.headers, "webhook-signature": ""},
        {**sent.headers, "webhook-timestamp": "soon"},
        {},
    ]
    wrong = [(secret, sent.headers, sent.body + b" "), (other, sent.headers, sent.body)]
    return [(secret, sent.headers, sent.body), *wrong, *((secret, headers, sent.body) for headers in changed)]


@pytest.mark.parametrize("check", [in_python, in_node], ids=["python", "node"])
def test_the_example_program_of_the_guide_verifies_a_delivery(
    world: World, receiver: Receiver, tmp_path: Path, check: Any
) -> None:
    hook = Hook(world.ada, receiver, "BOX_CREATE", world.pipeline())
    world.box(hook.pipeline)
    (sent,) = hook.wait()
    tried = cases(hook.subscription["secret"], sent)
    assert check(tried, tmp_path) == [True] + [False] * (len(tried) - 1)
    rotated = ok(world.ada.http.post(f"{hook.own}/rotate"))
    world.box(hook.pipeline)
    both = hook.wait(2)[1]
    again = [(secret, both.headers, both.body) for secret in (hook.subscription["secret"], rotated["secret"])]
    assert check(again, tmp_path) == [True, True]


def test_the_guide_names_every_event() -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", GUIDE))
    assert set(subscriptions.EVENTS) <= named
