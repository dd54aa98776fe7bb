"""Users, teams, contacts and organizations: who exists, and who may see whom."""
