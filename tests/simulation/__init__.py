"""Simulates a team that works for a week, and checks everything it did."""
