"""Who there is: users, teams, contacts and organizations, and what each may see."""
