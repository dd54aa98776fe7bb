"""Benchmarks: each a command, each printing a ratio."""

from boxwood.core import listeners

listeners.connect()
