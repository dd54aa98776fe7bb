"""Real mail servers for the tests: Dovecot and Exim as ordinary processes, and a token endpoint.

They start once in a test run, at the first test that needs them. Each test takes a user of its own.
"""
