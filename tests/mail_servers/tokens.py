"""An OAuth server such as those of Google and Microsoft: it asks for permission, and gives and renews tokens."""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT = ("boxwood-client", "boxwood-client-secret")


class TokenServer:
    """`rotates`: each refresh token works once, and the answer holds the next one, as Microsoft does it."""

    def __init__(self) -> None:
        self.rotates = True
        self.lifetime = 3600
        self.asked: list[dict[str, str]] = []
        """The forms that were sent to /token."""
        self._codes: dict[str, tuple[str, str]] = {}
        self._refresh: dict[str, str] = {}
        self._access: dict[str, tuple[str, float]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def refresh_token(self, address: str) -> str:
        """A refresh token, as if this user had given permission."""
        token = f"refresh-{secrets.token_urlsafe(24)}"
        self._refresh[token] = address
        return token

    def access_token(self, address: str) -> str:
        token = f"access-{secrets.token_urlsafe(24)}"
        self._access[token] = (address, time.time() + self.lifetime)
        return token

    def revoke(self, address: str) -> None:
        """The user takes the permission back."""
        self._refresh = {token: owner for token, owner in self._refresh.items() if owner != address}
        self._access = {token: given for token, given in self._access.items() if given[0] != address}

    def allow(self, url: str, address: str) -> str:
        """The user opens the authorization URL and agrees. Returns the URL to which the browser is sent back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT[0]
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = (address, asked["code_challenge"])
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        if path == "/introspect":
            address, until = self._access.get(form.get("token", ""), ("", 0.0))
            return 200, {"active": time.time() < until, "email": address, "username": address, "scope": "mail"}
        self.asked.append(form)
        if (form.get("client_id"), form.get("client_secret")) != CLIENT:
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") == "authorization_code":
            address, challenge = self._codes.pop(form.get("code", ""), ("", ""))
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).decode().rstrip("=") != challenge:
                return 400, {"error": "invalid_grant"}
            return 200, self._tokens(address)
        address = self._refresh.get(form.get("refresh_token", ""), "")
        if form.get("grant_type") != "refresh_token" or not address:
            return 400, {"error": "invalid_grant"}
        if self.rotates:
            del self._refresh[form["refresh_token"]]
            return 200, self._tokens(address)
        return 200, {"access_token": self.access_token(address), "expires_in": self.lifetime, "token_type": "Bearer"}

    def _tokens(self, address: str) -> dict[str, object]:
        return {
            "access_token": self.access_token(address),
            "refresh_token": self.refresh_token(address),
            "expires_in": self.lifetime,
            "token_type": "Bearer",
        }


def _handler(server: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
            status, answer = server.answer(self.path, {name: values[0] for name, values in parse_qs(body).items()})
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    return Handler
