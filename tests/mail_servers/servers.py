"""Dovecot and Exim, started once for a test run and ended with it, also when the run is killed."""

import contextlib
import getpass
import grp
import imaplib
import itertools
import os
import pwd
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.mail_servers.tokens import TokenServer

HERE = Path(__file__).parent
USERS = 2001
# The shell ends the server when the test run closes its end of the pipe, which also happens when the run is killed.
KEEPER = '"$@" </dev/null & child=$!; read -r _; kill $child; wait $child'
MISSING = "needs Dovecot 2.3 and Exim 4: bin/setup dev installs them on Debian"


@dataclass
class Account:
    """A user of the mail servers whom no other test has."""

    servers: "MailServers" = field(repr=False)
    address: str
    password: str

    @property
    def imap(self) -> dict[str, object]:
        """The member `imap` of a request that connects this mailbox."""
        return {
            "host": "127.0.0.1",
            "port": self.servers.ports["IMAP"],
            "security": "none",
            "user": self.address,
            "password": self.password,
        }

    @property
    def smtp(self) -> dict[str, object]:
        return {**self.imap, "port": self.servers.ports["SMTP"]}

    def open(self) -> imaplib.IMAP4:
        """A second mail program that is signed in to this mailbox."""
        client = imaplib.IMAP4("127.0.0.1", self.servers.ports["IMAP"])
        client.login(self.address, self.password)
        return client

    def count(self, folder: str = "INBOX") -> int:
        with self.open() as client:
            return int(client.select(folder, readonly=True)[1][0] or b"0")

    def append(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Put mails into a folder, as a mail program does."""
        with self.open() as client:
            for raw in mails:
                assert client.append(folder, "", "", raw)[0] == "OK"  # type: ignore[arg-type]

    def deliver(self, raw: bytes, sender: str = "customer@elsewhere.test", detail: str = "") -> None:
        """Deliver a mail by LMTP, as a mail server does."""
        user, _, domain = self.address.partition("@")
        with smtplib.LMTP("127.0.0.1", self.servers.ports["LMTP"]) as lmtp:
            lmtp.sendmail(sender, [f"{user}{detail}@{domain}"], raw)


class MailServers:
    def __init__(self, folder: Path, ports: dict[str, int], tokens: TokenServer) -> None:
        self.folder = folder
        self.ports = ports
        self.tokens = tokens
        self._numbers = itertools.count(1)

    def account(self) -> Account:
        number = next(self._numbers)
        return Account(self, f"user{number}@example.test", f"secret{number}")

    @property
    def certificate(self) -> ssl.SSLContext:
        """The context of a client that trusts these servers."""
        return ssl.create_default_context(cafile=str(self.folder / "cert.pem"))


@pytest.fixture(scope="session")
def mail_servers() -> Iterator[MailServers]:
    dovecot, exim = _program("dovecot"), _program("exim4", "exim")
    if not dovecot or not exim or not _version(dovecot).startswith("2.3."):
        pytest.skip(MISSING)
    with contextlib.ExitStack() as stack:
        # In /tmp itself: the path of a Unix socket has at most 107 bytes.
        folder = Path(tempfile.mkdtemp(prefix="boxwood-mail-", dir="/tmp"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        tokens = stack.enter_context(TokenServer())
        ports = {**dict(zip(("IMAP", "IMAPS", "LMTP", "SMTP", "SMTPS", "CRM", "POSTFIX"), _free_ports(7), strict=True))}
        _write(folder, {**ports, "OAUTH": tokens.port, "EXIM": str(Path(exim).resolve())})
        stack.callback(_start([dovecot, "-F", "-c", str(folder / "dovecot.conf")]))
        stack.callback(_start([exim, "-bdf", "-q2s", "-C", str(folder / "exim.conf")]))
        for port in (ports["IMAP"], ports["LMTP"], ports["SMTP"]):
            wait_for(port, folder)
        yield MailServers(folder, ports, tokens)


@pytest.fixture
def account(mail_servers: MailServers) -> Account:
    return mail_servers.account()


def _program(*names: str) -> str | None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def _version(dovecot: str) -> str:
    return subprocess.run([dovecot, "--version"], capture_output=True, text=True, check=False).stdout


def _user() -> str:
    """The user of the servers: the test run's own, because Dovecot serves no mails to root."""
    return "nobody" if os.geteuid() == 0 else getpass.getuser()


def _write(folder: Path, values: dict[str, object]) -> None:
    who = pwd.getpwnam(_user())
    values |= {"DIR": folder, "USER": who.pw_name, "GROUP": grp.getgrgid(who.pw_gid).gr_name}
    values |= {"UID": who.pw_uid, "GID": who.pw_gid, "SSL": "yes"}
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "30", "-subj", "/CN=localhost", "-addext", names),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    for template in HERE.glob("*.in"):
        text = template.read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        (folder / template.stem).write_text(text)
        (folder / template.stem).chmod(0o640)
    numbers = range(USERS)
    (folder / "users").write_text("".join(f"user{n}@example.test:{{PLAIN}}secret{n}::::::\n" for n in numbers))
    (folder / "smtp-users").write_text("".join(f"user{n}@example.test: secret{n}\n" for n in numbers))
    for name in ("run", "state", "mail", "spool"):
        (folder / name).mkdir()
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, who.pw_uid, who.pw_gid)


def _start(command: list[str]) -> Callable[[], None]:
    """Start a server. Returns what ends it."""
    who = {"user": _user(), "group": pwd.getpwnam(_user()).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    keeper = subprocess.Popen(
        ["sh", "-c", KEEPER, "keeper", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **who,  # type: ignore[call-overload]
    )

    def end() -> None:
        keeper.communicate(timeout=60)

    return end


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def wait_for(port: int, folder: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as opened:
                if opened.recv(1):
                    return
        except OSError:
            time.sleep(0.05)
        logs = "\n".join(
            path.read_text()
            for path in (folder / "dovecot.log", folder / "exim-mainlog", folder / "log")
            if path.exists()
        )
        assert time.monotonic() < deadline, f"a mail server does not start:\n{logs[-2000:]}"
