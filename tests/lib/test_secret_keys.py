"""Secrets are sealed with keys in a file of their own."""

import stat
import threading
from pathlib import Path

import pytest

from boxwood.lib.secret_keys import KeyMissing, SecretKeys, key_id_of


def test_a_text_opens_only_with_its_key_and_for_its_purpose(tmp_path: Path) -> None:
    keys = SecretKeys(tmp_path / "data" / "secret.key")
    sealed = keys.seal("s3cret", "mailbox:m1")
    assert "s3cret" not in sealed
    assert keys.seal("s3cret", "mailbox:m1") != sealed
    assert SecretKeys(keys.path).open(sealed, "mailbox:m1") == "s3cret"
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    for wrong in (keys, SecretKeys(tmp_path / "other.key")):
        with pytest.raises(KeyMissing):
            wrong.open(sealed, "mailbox:m2")
    assert not (tmp_path / "other.key").exists()
    with pytest.raises(KeyMissing):
        keys.open(sealed[:-4] + "AAA=", "mailbox:m1")


def test_a_running_server_uses_the_new_key_after_a_rotation(tmp_path: Path) -> None:
    server = SecretKeys(tmp_path / "secret.key")
    before = server.seal("a", "x")
    operator = SecretKeys(tmp_path / "secret.key")
    new = operator.add()
    assert key_id_of(server.seal("b", "x")) == new
    assert server.open(before, "x") == "a"
    assert not server.is_current(before)
    assert operator.keep({new}, newest=1) == 1
    with pytest.raises(KeyMissing):
        server.open(before, "x")


def test_several_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    sealed: list[str] = []
    threads = [
        threading.Thread(target=lambda: sealed.append(SecretKeys(tmp_path / "secret.key").seal("a", "x")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [SecretKeys(tmp_path / "secret.key").open(text, "x") for text in sealed] == ["a"] * 8
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize("content", ["", "abc\n", "abc AAAA\n", "a-b " + "A" * 43 + "=\n"])
def test_a_damaged_key_file_is_reported_and_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(content)
    with pytest.raises(OSError, match="restore the file"):
        SecretKeys(path).seal("a", "x")
    assert path.read_text() == content
