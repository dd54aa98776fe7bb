"""A mail server for tests: real SMTP on a local port, which stores the mails it receives."""

import email
import email.policy
import re
import ssl
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class AnyPort(Controller):
    """A controller on a port that the system chooses, which the library does not support."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Mailbox:
    """Accepts every mail, unless a test sets another answer."""

    def __init__(self, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None) -> None:
        self.came: list[EmailMessage] = []
        self.to: list[list[str]] = []
        self.says = "250 taken"
        self.refuses: set[str] = set()
        self._arrived = threading.Condition()
        self._login = login
        options: dict[str, Any] = {"tls_context": tls, "require_starttls": tls is not None}
        if login:
            options |= {"authenticator": self._authenticate, "auth_required": True}
            options["auth_require_tls"] = tls is not None
        self._controller = AnyPort(self, hostname="127.0.0.1", port=0, **options)

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login.decode(), data.password.decode()) == self._login, handled=False)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.says.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            with self._arrived:
                self.came.append(email.message_from_bytes(content, policy=email.policy.default))
                self.to.append(list(envelope.rcpt_tos))
                self._arrived.notify_all()
        return self.says

    @property
    def port(self) -> int:
        return int(self._controller.port)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def wait(self, count: int = 1) -> list[EmailMessage]:
        """Wait until this many mails have arrived, and return them."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.came) >= count, timeout=120), "no mail came"
            return list(self.came)

    def start(self) -> "Mailbox":
        self._controller.start()
        return self

    def stop(self) -> None:
        self._controller.stop()


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def link(message: EmailMessage) -> str:
    found = re.search(r"https?://\S+#\S+", text(message))
    assert found, text(message)
    return found[0]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    created = Mailbox().start()
    yield created
    created.stop()
