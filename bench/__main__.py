"""`bin/bench [NAME]`: runs a benchmark, or lists them. Each prints medians and a ratio to a limit of the same run."""

import importlib
import pkgutil
import sys
from pathlib import Path

import bench


def main() -> None:
    names = sorted(
        module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith(("_", "receiver"))
    )
    if len(sys.argv) < 2 or sys.argv[1] not in names:
        for name in names:
            text = Path(bench.__path__[0], f"{name}.py").read_text(encoding="utf-8")
            print(f"{name:12} {text.strip().strip(chr(34)).splitlines()[0]}")
        sys.exit(0 if len(sys.argv) < 2 else 2)
    name = sys.argv.pop(1)
    importlib.import_module(f"bench.{name}").main()


main()
