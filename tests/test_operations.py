"""The examples of docs/guide/operations.md are extracted and tested: the unit by systemd, the proxy by nginx."""

import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from boxwood import cli
from tests.conftest import Store, ok
from tests.faults.test_crashes import a_key
from tests.processes import ROOT, Process, free_port

pytestmark = pytest.mark.slow
GUIDE = (ROOT / "docs/guide/operations.md").read_text()
PROGRAM = Path(sys.executable).parent / "boxwood"


def block(kind: str) -> str:
    (found,) = re.findall(rf"```{kind}\n(.*?)```", GUIDE, re.S)
    return str(found)


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if not found:
        pytest.skip(f"{name} is not installed here, so its example is not tried")
    return found


def test_systemd_accepts_the_unit_and_the_command_accepts_its_options(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    text = block("ini")
    (line,) = re.findall(r"ExecStart=(.*)", text)
    assert cli._parser().parse_args(shlex.split(line)[1:]).run
    # Boxwood is not installed in /opt here, and there is no user named boxwood.
    for documented, here in (("/opt/boxwood/bin/boxwood", str(PROGRAM)), ("User=boxwood", ""), ("Group=boxwood", "")):
        assert documented in text
        text = text.replace(documented, here)
    unit = tmp_path / "boxwood.service"
    unit.write_text(text)
    done = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
    about_it = [item for item in done.stderr.splitlines() if "boxwood" in item]
    assert about_it == [], done.stderr


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


class Proxied:
    """The server behind nginx, as the guide sets it up."""

    def __init__(self, key: str, url: str, cert: Path, server: Process) -> None:
        self.server = server
        self.http = httpx.Client(
            base_url=url,
            auth=(key, ""),
            verify=ssl.create_default_context(cafile=str(cert)),
            timeout=120,
            trust_env=False,
        )


@pytest.fixture
def proxied(
    fresh_store: Store, certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Proxied]:
    nginx, port = program("nginx"), free_port()
    monkeypatch.setenv("BOXWOOD_URL", f"https://localhost:{port}")
    monkeypatch.setenv("BOXWOOD_TRUSTED_PROXIES", "127.0.0.1")
    server = Process(fresh_store, "--log-level", "info", log=tmp_path / "log")
    site = block("nginx")
    for documented, here in (
        ("server 127.0.0.1:8080;", f"server 127.0.0.1:{server.port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("server_name crm.example.com;", "server_name localhost;"),
        ("/etc/ssl/certs/crm.example.com.pem", str(certificate[0])),
        ("/etc/ssl/private/crm.example.com.key", str(certificate[1])),
    ):
        assert site.count(documented) == 1, documented
        site = site.replace(documented, here)
    folders = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.getuid() == 0 else ""
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{\n{folders}access_log {tmp_path}/access.log;\n{site}\n}}\n"
    )
    running = subprocess.Popen([nginx, "-p", str(tmp_path), "-c", str(config)], stderr=subprocess.PIPE)
    server_behind_proxy = Proxied(a_key(fresh_store), f"https://localhost:{port}", certificate[0], server)
    try:
        _until_it_answers(server_behind_proxy.http, running)
        yield server_behind_proxy
    finally:
        server_behind_proxy.http.close()
        running.terminate()
        running.communicate(timeout=120)
        server.end()


def _until_it_answers(http: httpx.Client, running: "subprocess.Popen[bytes]") -> None:
    waiting = threading.Event()
    for _ in range(2400):
        try:
            http.get("/healthz")
            return
        except httpx.TransportError:
            assert running.poll() is None, running.communicate()[1]
            waiting.wait(0.05)
    raise AssertionError("nginx does not answer")


def test_the_api_and_large_files_work_behind_nginx(proxied: Proxied) -> None:
    http = proxied.http
    pipeline = ok(http.put("/api/v1/pipelines?name=Deals"))["key"]
    box = ok(http.post(f"/api/v2/pipelines/{pipeline}/boxes", json={"name": "Acme"}))["key"]
    content = os.urandom(30_000_000)
    file = ok(http.post(f"/api/v2/boxes/{box}/files?fileName=large", content=content))
    assert http.get(f"/api/v1/files/{file['key']}/contents").content == content
    assert "text/html" in http.get("/").headers["content-type"]
    assert "boxwood_requests" in http.get("/metrics").text, "for this machine"


def test_live_updates_are_not_delayed_by_nginx(proxied: Proxied) -> None:
    http = proxied.http
    pipeline = ok(http.put("/api/v1/pipelines?name=Deals"))["key"]
    with http.stream("GET", "/api/v2/events/stream?after=now") as stream:
        lines = stream.iter_lines()
        next(lines)
        ok(http.post(f"/api/v2/pipelines/{pipeline}/boxes", json={"name": "Acme"}))
        assert any("box.created" in line for line in lines)


def test_the_client_address_is_known_behind_nginx_and_the_cookie_is_secure(proxied: Proxied) -> None:
    """Links begin with BOXWOOD_URL. The client address comes from nginx, not from headers of the caller."""
    http, base = proxied.http, str(proxied.http.base_url).rstrip("/")
    team = ok(http.get("/api/v2/users/me/teams"))["results"][0]["key"]
    invited = ok(http.post(f"/api/v2/teams/{team}/invitations", json={"email": "bo@example.com"}))
    assert invited["link"].startswith(f"{base}/invitation#")
    token = invited["link"].partition("#")[2]
    body = {"token": token, "password": "seven green owls"}
    claim = {"X-Forwarded-For": "192.0.2.1"}
    answer = http.post("/api/v2/session/link", json=body, headers=claim, auth=None)
    assert ok(answer)["user"]["email"] == "bo@example.com"
    assert answer.headers["set-cookie"].endswith("; Secure")
    audit = ok(http.get(f"/api/v2/teams/{team}/audit", params={"kind": "user.signed_in"}))["results"]
    assert len(audit) == 1
    cookie = answer.headers["set-cookie"].partition(";")[0]
    http.cookies.clear()
    (session,) = ok(http.get("/api/v2/sessions", headers={"Cookie": cookie}, auth=httpx.Auth()))["results"]
    assert session["address"] == "127.0.0.1"
