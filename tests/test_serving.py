"""Properties of the HTTP connection that a client sees."""

import socket

from tests.conftest import World


def test_the_server_sends_head_and_body_together(world: World) -> None:
    """Head and body arrive together for each request on the same connection."""
    host, _, port = world.server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=120) as connection:
        for _ in range(3):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
            assert connection.recv(65_536).endswith(b'\r\n\r\n{"status":"ok"}')
