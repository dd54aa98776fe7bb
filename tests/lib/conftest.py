from collections.abc import Iterator

import pytest

from . import s3_server


@pytest.fixture(scope="session")
def server() -> Iterator[s3_server.Server]:
    server = s3_server.start()
    yield server
    server.stop()
