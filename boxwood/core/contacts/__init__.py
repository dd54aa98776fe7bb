"""Contacts and organizations: created, edited, linked, merged."""
