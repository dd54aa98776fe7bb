"""The command `boxwood`: a file of `commands/` for each of its commands."""

from __future__ import annotations

import argparse
import sys

from . import version
from .commands import (
    backup,
    doctor,
    key,
    mail,
    mcp,
    migrate,
    move,
    restore,
    secrets,
    serve,
    streak,
    tables,
    user,
    worker,
)
from .commands.options import add_store, source_of
from .errors import Problem


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (Problem, OSError) as problem:
        sys.exit(f"boxwood: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="boxwood", description="A CRM server that speaks the Streak API.")
    parser.add_argument("--version", action="version", version=version.VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (serve, worker, key, user, backup, restore, secrets, mail, mcp, streak):
        command.add(commands)
    tables.add_commands(commands, add_store, source_of)
    migrate.add(commands)
    move.add(commands)
    doctor.add(commands)
    return parser
