"""Contacts and organizations: creating, editing, linking and merging them. An entry is either of the two."""
