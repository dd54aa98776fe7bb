from collections.abc import Callable, Iterator

import pytest

from boxwood.lib.formulas import Engine, Result, Value, compile  # noqa: A004

NOW = 1_709_210_096_000  # Thursday 29 February 2024, 12:34:56 UTC

Compute = Callable[..., Result]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture
def compute(engine: Engine) -> Compute:
    """The value of a formula over one row: compute("$'A' + 1", 2)."""

    def value(text: str, *row: Value, zone: str = "UTC") -> Result:
        return engine.evaluate(compile(text), [row], NOW, zone)[0]

    return value
