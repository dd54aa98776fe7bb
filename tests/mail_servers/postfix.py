"""Postfix for long tests, started by root where it is installed: its master refuses to run as another user. The
packages of Exim and Postfix exclude one another, so most machines have only one of them."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.mail_servers.servers import MailServers, wait_for


@pytest.fixture
def postfix(mail_servers: MailServers) -> Iterator[int]:
    """The port of a running Postfix."""
    program = shutil.which("postfix", path="/usr/sbin:/usr/local/sbin")
    if program is None or os.geteuid() != 0:
        pytest.skip("needs Postfix, and root to start it")
    folder = mail_servers.folder / "postfix"
    conf = folder / "conf"
    for path in (conf, folder / "queue", folder / "data"):
        path.mkdir(parents=True)
    shutil.chown(folder / "data", "postfix")
    mail_servers.folder.chmod(0o755)
    for name in ("main.cf", "master.cf"):
        shutil.copyfile(mail_servers.folder / f"postfix-{name}", conf / name)
    with (folder / "log").open("wb") as log:
        started = subprocess.Popen([program, "-c", str(conf), "start-fg"], stdout=log, stderr=log)
    try:
        wait_for(mail_servers.ports["POSTFIX"], folder)
        yield mail_servers.ports["POSTFIX"]
    finally:
        subprocess.run([program, "-c", str(conf), "abort"], capture_output=True, check=False)
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)
