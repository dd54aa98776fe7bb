"""Benchmarks: each a command, each printing a ratio."""
