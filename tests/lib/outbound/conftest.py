import pytest

from tests.lib.outbound.network import watching


@pytest.fixture(autouse=True)
def watch():
    """Every test beside this file: its connections are counted, and none leaves the machine."""
    with watching() as seen:
        yield seen
