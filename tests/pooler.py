"""pgbouncer in front of the tests' PostgreSQL, as a process of its own."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.processes import free_port

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
SETTINGS = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 500
logfile = {folder}/log
"""


@contextlib.contextmanager
def pooler(url: str, mode: str) -> Iterator[str]:
    """Run pgbouncer in this mode before the server of `url`. Returns the URL of the same database through it. In the
    mode `transaction` it has only 3 connections to the server, so requests change them all the time."""
    assert PROGRAM is not None
    parts = conninfo_to_dict(url)
    own = free_port()
    folder = Path(tempfile.mkdtemp(prefix="boxwood-pooler-", dir="/tmp"))
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    size = 3 if mode == "transaction" else 60
    settings = SETTINGS.format(host=parts["host"], port=parts["port"], own=own, folder=folder, mode=mode, size=size)
    (folder / "ini").write_text(settings)
    (folder / "users").write_text('"boxwood" ""\n')
    if account:
        for path in (folder, folder / "ini", folder / "users"):
            os.chown(path, account.pw_uid, account.pw_gid)
    who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    process = subprocess.Popen([PROGRAM, str(folder / "ini")], stderr=subprocess.DEVNULL, cwd="/", **who)  # type: ignore[call-overload]
    through = f"postgresql://boxwood@127.0.0.1:{own}/{quote(str(parts['dbname']))}"
    try:
        _wait(through, folder / "log")
        yield through
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, log.read_text() if log.exists() else "pgbouncer does not start"
            time.sleep(0.05)
