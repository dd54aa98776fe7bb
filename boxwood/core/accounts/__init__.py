"""How users come, sign in and stay signed in, and what acts for them."""
