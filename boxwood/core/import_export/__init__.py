"""Importing boxes from tables, and exporting them to tables."""
