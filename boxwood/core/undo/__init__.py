"""Taking changes back, and restoring from the trash."""
