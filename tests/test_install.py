"""Boxwood as users install it: `pip install .`, and bin/serve in a fresh clone."""

import contextlib
import hashlib
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from packaging.metadata import Metadata

from boxwood.version import VERSION
from tests.house import tree

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with the committed files and the uncommitted changes."""
    clone = tmp_path_factory.mktemp("clone")
    for path in tree.files():
        copy = clone / path.relative_to(tree.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    run(clone, "git", "init", "--quiet")
    run(clone, "git", "add", "--all")
    run(clone, "git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-m", "All of it")
    return clone


@pytest.fixture(scope="module")
def installed(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin directory of a virtual environment in which `pip install .` was run."""
    home = tmp_path_factory.mktemp("installed")
    run(home, sys.executable, "-m", "venv", home)
    lock = clone / "requirements" / "runtime.lock"
    run(clone, home / "bin" / "pip", "install", "--quiet", "--require-hashes", "-r", lock)
    run(clone, home / "bin" / "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", ".")
    return home / "bin"


def test_an_installed_boxwood_knows_its_version(installed: Path, tmp_path: Path) -> None:
    assert run(tmp_path, installed / "boxwood", "--version") == VERSION


def test_every_file_of_the_package_is_installed(installed: Path) -> None:
    package = Path(run(installed, installed / "python", "-c", "import boxwood; print(boxwood.__path__[0])"))
    wanted = {str(path.relative_to(tree.ROOT / "boxwood")) for path in tree.files("boxwood")}
    there = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    assert wanted - there == set()


def test_an_installed_boxwood_makes_a_key_and_serves(installed: Path, tmp_path: Path) -> None:
    key = run(tmp_path, installed / "boxwood", "key", "create", "ada@example.com", "--data", tmp_path / "data")
    with served(installed / "boxwood", "serve", "--data", tmp_path / "data") as (url, _):
        assert httpx.get(f"{url}/api/v1/users/me", auth=(key, "")).json()["email"] == "ada@example.com"
        assert httpx.get(f"{url}/docs").status_code == 200


def test_a_fresh_clone_serves_by_one_command(clone: Path) -> None:
    # The key is printed only in a terminal.
    with served(clone / "bin" / "serve", patience=300, in_terminal=True) as (_, output):
        curl = re.search(r"^ *curl .*", output.replace("\r", ""), re.MULTILINE)
        assert curl is not None
        assert '"name"' in run(clone, "sh", "-c", curl[0])
    assert run(clone, "git", "status", "--porcelain") == ""
    seconds = min(seconds_to_first_answer(clone) for _ in range(3))
    # On a machine that is slow or does much else, by how long it takes there to load the same modules.
    assert seconds < max(3, 5 * min(seconds_to_load(clone) for _ in range(3)))


def test_a_release_holds_the_whole_program_and_its_notes(clone: Path, installed: Path) -> None:
    run(clone, clone / "bin" / "release", "--no-test", "--no-tag")
    dist = clone / "dist"
    names = [f"boxwood-{VERSION}-py3-none-any.whl", f"boxwood-{VERSION}.tar.gz"]
    clients = [f"boxwood_client-{VERSION}-py3-none-any.whl", f"boxwood-client-{VERSION}.tgz"]
    assert sorted(path.name for path in dist.iterdir()) == sorted([*names, *clients, "SHA256SUMS", "notes.md"])
    sums = dict(reversed(line.split("  ")) for line in (dist / "SHA256SUMS").read_text().splitlines())
    assert sums == {name: hashlib.sha256((dist / name).read_bytes()).hexdigest() for name in (*names, *clients)}
    with tarfile.open(dist / names[1]) as tar:
        inside = {name.partition("/")[2] for name in tar.getnames()}
    assert "ui/backend.py" in inside
    assert not any(name.startswith("tests/") for name in inside)
    # The wheel was built from the source distribution, without the sources of the UI.
    wanted = {str(path.relative_to(tree.ROOT)) for path in tree.files("boxwood")}
    with zipfile.ZipFile(dist / names[0]) as wheel:
        assert wanted - set(wheel.namelist()) == set()
        assert any(name.startswith("boxwood/web/static/ui/") for name in wheel.namelist())
        assert "boxwood/web/static/pages/api/README.md" in wheel.namelist()
        said = wheel.read(f"boxwood-{VERSION}.dist-info/METADATA")
    metadata = Metadata.from_email(said, validate=True)
    assert (str(metadata.version), metadata.license_expression) == (VERSION, "MIT")
    assert metadata.description_content_type == "text/markdown"
    notes = (dist / "notes.md").read_text()
    assert notes.startswith("### ")
    assert "\n## " not in notes
    assert run(clone, "git", "status", "--porcelain") == ""


@pytest.mark.long
@pytest.mark.parametrize("python", ["python3.11", "python3.12", "python3.13"])
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_release_installs_and_serves_on_every_python(clone: Path, tmp_path: Path, python: str, kind: str) -> None:
    if not (clone / "dist").exists():
        run(clone, clone / "bin" / "release", "--no-test", "--no-tag")
    found = shutil.which(python)
    if found is None or python.removeprefix("python") not in run(tmp_path, found, "--version"):
        pytest.skip(f"{python} is not installed")
    run(tmp_path, found, "-m", "venv", tmp_path / "venv")
    (file,) = (clone / "dist").glob("boxwood-*.whl" if kind == "wheel" else "boxwood-*.tar.gz")
    run(tmp_path, tmp_path / "venv" / "bin" / "pip", "install", "--quiet", file)
    boxwood = tmp_path / "venv" / "bin" / "boxwood"
    key = run(tmp_path, boxwood, "key", "create", "ada@example.com", "--data", tmp_path / "data")
    with served(boxwood, "serve", "--data", tmp_path / "data") as (url, _):
        assert httpx.get(f"{url}/api/v1/users/me", auth=(key, "")).json()["email"] == "ada@example.com"
        assert 'src="/' in httpx.get(url, follow_redirects=True, headers={"accept": "text/html"}).text


def seconds_to_first_answer(clone: Path) -> float:
    started = time.monotonic()
    with served(clone / "bin" / "serve"):
        return time.monotonic() - started


def seconds_to_load(clone: Path) -> float:
    started = time.monotonic()
    run(clone, clone / ".venv" / "bin" / "python", "-c", "import boxwood.app, uvicorn")
    return time.monotonic() - started


@contextlib.contextmanager
def served(*command: str | Path, patience: float = 120, in_terminal: bool = False) -> Iterator[tuple[str, str]]:
    """Return the server's address and its output, as soon as it answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {"HOME": os.environ.get("HOME", "/"), "PATH": os.environ["PATH"], "BOXWOOD_PORT": str(port)}
    with tempfile.TemporaryFile("w+") as output:
        screen, terminal = pty.openpty()
        process = subprocess.Popen(command, env=environment, stdout=terminal if in_terminal else output)
        os.close(terminal)
        try:
            wait_for_answer(f"{url}/readyz", process, patience)
            output.seek(0)
            yield url, on_screen(screen) if in_terminal else output.read()
        finally:
            process.terminate()
            assert process.wait(60) in (0, -signal.SIGTERM)
            os.close(screen)


def on_screen(screen: int) -> str:
    """What a program has written to its terminal."""
    text = b""
    while select.select([screen], [], [], 1)[0]:
        text += os.read(screen, 65_536)
    return text.decode()


def wait_for_answer(url: str, process: "subprocess.Popen[bytes]", patience: float) -> None:
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).status_code == 200:
                return
        time.sleep(0.02)
    raise AssertionError(f"no answer from {url} within {patience:.0f} s; the server ended with {process.poll()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run(place: Path, *command: str | Path) -> str:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()
