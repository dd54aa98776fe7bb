"""Imports from Streak: what they read becomes records here, with the same keys, times and people."""
