"""Benchmarks. Each is a command and prints a ratio to a limit that it measures in the same run."""

from boxwood.core import listeners

listeners.connect()
