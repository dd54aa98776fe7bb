"""The forms in which a PostgreSQL database can be named. Every command takes all of them."""

import os
import subprocess
from pathlib import Path

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.conftest import Store
from tests.processes import Process, command, free_port, run, store_options


def forms(url: str, folder: Path) -> dict[str, str]:
    """The same database in each form. In the second one the first host does not answer."""
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    user, host, port, name = (parts[part] for part in ("user", "host", "port", "dbname"))
    query = f"host=127.0.0.1,{host}&port={free_port()},{port}&target_session_attrs=read-write"
    (folder / "services").write_text("[boxwood]\n" + "".join(f"{part}={value}\n" for part, value in parts.items()))
    return {
        "several hosts": f"postgresql://{user}@/{name}?{query}",
        "pairs": f"user={user} host=127.0.0.1,{host} port={free_port()},{port} dbname={name}",
        "service": "service=boxwood",
        "url with a service": "postgresql:///?service=boxwood",
    }


@pytest.mark.slow
def test_every_command_takes_the_forms_of_libpq(
    fresh_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fresh_store.url is None:
        pytest.skip("only PostgreSQL has a URL")
    given = forms(fresh_store.url, tmp_path)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    fresh_store.data.chmod(0o700)
    for number, (form, url) in enumerate(given.items()):
        options = ["--data", str(fresh_store.data), "--database-url", url]
        assert "bw_" in run("key", "create", f"u{number}@example.com", *options).stdout, form
    several, pairs, service, in_url = (
        ["--data", str(fresh_store.data), "--database-url", url] for url in given.values()
    )
    run("migrate", *pairs)
    assert "BAD" not in run("doctor", *in_url, check=False).stdout
    many = run("doctor", *in_url, "--workers", "50", "--connections", "30", check=False).stdout
    assert "BAD  50 processes with 33 connections each need 1650 of the 197 of PostgreSQL: lower" in many
    backup = str(tmp_path / "backup.tar")
    run("backup", backup, *service)
    run("restore", backup, *several)
    assert "u3@example.com" in run("user", "list", *several).stdout
    server = Process(Store("postgres", fresh_store.data, given["several hosts"]))
    assert httpx.get(f"{server.url}/readyz", timeout=60, trust_env=False).status_code == 200
    worker = subprocess.Popen(
        command("worker", *store_options(server.store)), stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(timeout=2)
    worker.terminate()
    assert worker.communicate(timeout=60)[1].count("Traceback") == 0
    assert server.stop() == 0


def test_a_url_of_another_form_is_refused_and_not_shown(tmp_path: Path) -> None:
    urls = ["mysql://root:s3cret@db/x", "postgresql://u:s3cret@h:1/x?colour=red", "s3cret"]
    for command_, url in zip((["serve"], ["doctor"], ["backup", str(tmp_path / "x.tar")]), urls, strict=True):
        refused = run(*command_, "--data", str(tmp_path), "--database-url", url, check=False)
        assert refused.returncode != 0
        said = refused.stdout + refused.stderr
        assert "the database URL cannot be read" in said
        assert "s3cret" not in said
