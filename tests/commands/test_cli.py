"""The `boxwood` command, run as users run it."""

import os
import re
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import Store, ok
from tests.processes import Process, command, free_port, run, store_options


def get(url: str, key: str | None = None, **more: object) -> httpx.Response:
    return httpx.get(url, auth=(key, "") if key else None, timeout=120, trust_env=False, **more)  # type: ignore[arg-type]


def test_the_first_start_prints_a_key_and_a_curl_that_works_and_loads_the_sample(tmp_path: Path) -> None:
    port = free_port()
    options = ["serve", "--data", str(tmp_path / "data"), "--port", str(port)]
    ours, theirs = os.openpty()
    server = subprocess.Popen(command(*options), stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    with open(ours, newline="") as terminal:
        output = "".join(terminal.readline() for _ in range(5)).replace("\r\n", "\n")
        _check_first_start(tmp_path, port, options, server, output)


def _check_first_start(
    tmp_path: Path, port: int, options: list[str], server: "subprocess.Popen[bytes]", output: str
) -> None:
    curl = re.search(r"^  (curl .*)$", output, re.MULTILINE)
    assert curl, output
    wait_for(f"http://127.0.0.1:{port}")
    answer = subprocess.run(curl[1].split(), capture_output=True, text=True, check=True).stdout
    assert "Sales (sample)" in answer
    key = re.search(r"bw_\S+", output)
    assert key
    link = re.search(rf"http://127.0.0.1:{port}/welcome#(\S+)", output)
    assert link, output
    body = {"token": link[1], "password": "seven green owls"}
    signed_in = ok(httpx.post(f"http://127.0.0.1:{port}/api/v2/session/link", json=body, timeout=120, trust_env=False))
    assert signed_in["user"]["email"] == "owner@localhost"
    pipeline = ok(get(f"http://127.0.0.1:{port}/api/v1/pipelines", key[0]))[0]
    assert pipeline["creationSourceType"] == "SYSTEM_ONBOARDING"
    boxes = ok(get(f"http://127.0.0.1:{port}/api/v1/pipelines/{pipeline['key']}/boxes", key[0]))
    assert len(boxes) == 12
    assert {box["stageKey"] for box in boxes} == set(pipeline["stages"])
    server.terminate()
    assert server.wait(timeout=120) == 0
    # The second start creates nothing, shows no key, and is fast.
    again = subprocess.Popen(command(*options), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert again.stdout is not None
    output = again.stdout.readline() + again.stdout.readline()
    assert "bw_" not in output
    wait_for(f"http://127.0.0.1:{port}")
    assert len(ok(get(f"http://127.0.0.1:{port}/api/v1/pipelines", key[0]))) == 1
    again.terminate()
    assert again.wait(timeout=120) == 0
    again.stdout.close()


def test_a_first_start_without_a_terminal_shows_no_secret_and_says_how_to_get_one(tmp_path: Path) -> None:
    """The output of a service is in a log, where a key or a link would stay."""
    port = free_port()
    options = ["--data", str(tmp_path / "data")]
    server = subprocess.Popen(
        command("serve", *options, "--port", str(port), "--owner", "ada@example.com"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    wait_for(url)
    key = run("key", "create", "ada@example.com", *options).stdout
    assert re.fullmatch(r"bw_\S+\n", key)
    assert [each["name"] for each in ok(get(f"{url}/api/v1/pipelines", key.strip()))] == ["Sales (sample)"]
    link = run("user", "link", "ada@example.com", *options, "--url", url).stdout
    body = {"token": link.strip().partition("#")[2], "password": "seven green owls"}
    ok(httpx.post(f"{url}/api/v2/session/link", json=body, timeout=120, trust_env=False))
    server.terminate()
    output, _ = server.communicate(timeout=120)
    assert server.returncode == 0
    assert "boxwood user link ada@example.com" in output
    assert "boxwood key create ada@example.com" in output
    assert "bw_" not in output
    assert "/welcome" not in output


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if get(f"{url}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_keys_are_created_listed_and_revoked_while_the_server_runs(fresh_store: Store) -> None:
    server = Process(fresh_store)
    options = store_options(fresh_store)
    created = run("key", "create", "Ada@Example.com", "--name", "laptop", *options)
    key = created.stdout.strip()
    assert created.stdout == f"{key}\n"
    assert created.stderr == ""
    me = ok(get(f"{server.url}/api/v1/users/me", key))
    assert me["email"] == "ada@example.com"
    assert len(ok(get(f"{server.url}/api/v2/users/me/teams", key))["results"]) == 1
    other = run("key", "create", "ada@example.com", *options).stdout.strip()
    assert ok(get(f"{server.url}/api/v1/users/me", other))["key"] == me["key"]
    listed = run("key", "list", *options).stdout
    assert "laptop" in listed
    assert key not in listed
    record = next(line for line in listed.splitlines() if "laptop" in line).split("\t")[0]
    run("key", "revoke", record, *options)
    assert get(f"{server.url}/api/v1/users/me", key).status_code == 401
    assert get(f"{server.url}/api/v1/users/me", other).status_code == 200
    bad = run("key", "create", "nobody", *options, check=False)
    assert bad.returncode != 0
    assert "not an e-mail address" in bad.stderr
    assert "Traceback" not in bad.stderr
    assert server.stop() == 0


def test_users_doctor_and_migrate(fresh_store: Store) -> None:
    options = store_options(fresh_store)
    run("user", "create", "ada@example.com", "--name", "Ada Lovelace", *options)
    assert "Ada Lovelace" in run("user", "list", *options).stdout
    assert run("migrate", *options).stdout == "the database is up to date\n"
    fresh_store.data.chmod(0o700)
    found = run("doctor", *options)
    assert "1 users" in found.stdout
    assert "BAD" not in found.stdout
    fresh_store.data.chmod(0o755)
    loose = run("doctor", *options, check=False)
    assert loose.returncode == 1
    assert "chmod 700" in loose.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--host", "0.0.0.0"], "--insecure-http"),
        (["--host", "192.168.1.5"], "--tls-cert"),
        (["--workers", "2"], "PostgreSQL"),
        (["--workers", "0"], "1 or more"),
        (["--tls-cert", "x.pem"], "go together"),
    ],
)
def test_unsafe_or_slow_settings_are_refused_with_a_message(tmp_path: Path, options: list[str], says: str) -> None:
    refused = run("serve", "--data", str(tmp_path), *options, check=False)
    assert refused.returncode != 0
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr


def test_it_serves_over_tls(fresh_store: Store, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    more = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*make, *more], check=True, capture_output=True)
    port = free_port()
    tls = ["--tls-cert", str(cert), "--tls-key", str(key), "--port", str(port), "--no-sample"]
    server = subprocess.Popen(
        command("serve", *store_options(fresh_store), *tls),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    assert f"https://127.0.0.1:{port}" in server.stdout.readline()
    trusted = ssl.create_default_context(cafile=str(cert))
    deadline = time.monotonic() + 120
    while True:
        try:
            reply = get(f"https://127.0.0.1:{port}/healthz", verify=trusted)
            break
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert reply.status_code == 200
    server.terminate()
    assert server.wait(timeout=120) == 0
    server.stdout.close()


def test_several_workers_share_a_postgresql_database(fresh_store: Store) -> None:
    if fresh_store.name == "sqlite":
        assert "PostgreSQL" in run("serve", *store_options(fresh_store), "--workers", "2", check=False).stderr
        return
    server = Process(fresh_store, "--workers", "2")
    key = run("key", "create", "ada@example.com", *store_options(fresh_store)).stdout.strip()
    with httpx.Client(base_url=server.url, auth=(key, ""), timeout=120, trust_env=False) as client:
        pipeline = ok(client.put("/api/v1/pipelines?name=Deals"))["key"]
        created = {ok(client.put(f"/api/v1/pipelines/{pipeline}/boxes?name=Box {n}"))["key"] for n in range(20)}
        assert {box["key"] for box in ok(client.get(f"/api/v1/pipelines/{pipeline}/boxes"))} == created
        counted = get(f"{server.url}/metrics").text
    assert 'boxwood_requests_total{route="PUT /v1/pipelines/{pipeline}/boxes",status="200"} 20.0' in counted
    assert server.stop() == 0


def test_the_operator_sees_requests_and_no_secrets(fresh_store: Store) -> None:
    server = Process(fresh_store)
    key = run("key", "create", "ada@example.com", *store_options(fresh_store)).stdout.strip()
    reply = get(f"{server.url}/api/v1/search?query=private+words&name=x", key)
    assert ok(get(f"{server.url}/readyz")) == {"status": "ok"}
    assert reply.headers["x-request-id"] == reply.headers["x-streak-request-id"]
    assert "boxwood_requests_total" in get(f"{server.url}/metrics").text
    assert server.stop() == 0
    log = server.log.read_text()
    assert reply.headers["x-request-id"] in log
    assert key not in log
    assert "private" not in log


def test_a_user_gets_a_link_to_sign_in(fresh_store: Store) -> None:
    options = store_options(fresh_store)
    run("user", "create", "ada@example.com", *options)
    link = run("user", "link", "ada@example.com", "--url", "https://crm.example.com/", *options).stdout.strip()
    assert re.fullmatch(r"https://crm\.example\.com/welcome#[\w-]{43}", link)
    unknown = run("user", "link", "nobody@example.com", *options, check=False)
    assert unknown.returncode == 1
    assert "there is no user nobody@example.com" in unknown.stderr
