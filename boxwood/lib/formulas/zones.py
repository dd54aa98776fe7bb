"""Finds the rules of a time zone on this machine, for a process that has only the C library."""

import re
import zoneinfo
from functools import cache
from importlib import resources
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*")


@cache
def zone_setting(name: str) -> str:
    """The value of the environment variable TZ for this zone. Raises ValueError if there is no such zone."""
    if name in ("UTC", "Etc/UTC"):
        return "UTC0"
    if not _NAME.fullmatch(name):
        raise ValueError(f"no time zone {name!r}")
    for folder in [*map(Path, zoneinfo.TZPATH), *_packaged()]:
        if (folder / name).is_file():
            return f":{folder / name}"
    raise ValueError(f"no time zone {name!r}")


def _packaged() -> list[Path]:
    try:
        return [Path(str(resources.files("tzdata") / "zoneinfo"))]
    except ModuleNotFoundError:
        return []
