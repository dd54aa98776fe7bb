"""Accounts: how users are invited, sign in and stay signed in, and the API keys that act for them."""
