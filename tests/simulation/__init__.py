"""A team at work for a week, and an account of all it did."""
