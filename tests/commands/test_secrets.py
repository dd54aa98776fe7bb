"""Passwords of mail servers are in no file but sealed, and their keys can be rotated and lost."""

import tarfile
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from boxwood.commands import doctor, secrets
from boxwood.core import mail_settings
from boxwood.db.engine import Db
from boxwood.jobs import backups
from boxwood.lib.blobs import Disk
from boxwood.lib.secret_keys import SecretKeys
from tests.conftest import Server, Store, World, ok
from tests.jobs.webhooks import eventually
from tests.mail_servers.servers import Account

PASSWORD = "correct-horse-battery"


def write_as_before(db: Db, url: str) -> None:
    """The settings as version 0.2.0 stored them."""
    value = {"smtp_url": url, "sender": "crm@example.com", "base_url": "", "fixed": False}
    sql = "INSERT INTO secrets (name, value) VALUES ('mail', :value)"
    db.run(sql, value=msgspec.json.encode(value).decode())


def holds(folder: Path, text: str) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_a_password_of_an_earlier_version_is_sealed_at_the_start(fresh_store: Store, tmp_path: Path) -> None:
    first = Server(fresh_store.config())
    first.engine.write(lambda db: write_as_before(db, f"smtp://user:{PASSWORD}@mail.example.com"))
    first.engine.close()
    server = Server(fresh_store.config()).start()
    settings = server.engine.read(mail_settings.find)
    server.stop()
    assert settings.smtp_url == "smtp://user@mail.example.com"
    keys = SecretKeys(fresh_store.config().key_file)
    assert mail_settings.full_url(keys, settings) == f"smtp://user:{PASSWORD}@mail.example.com"
    assert holds(fresh_store.data, PASSWORD) == []
    config = fresh_store.config()
    source = backups.Source(config.database_url, config.sqlite_path, config.data, Disk(config.data / "files"), True)
    backups.make(source, tmp_path / "to" / "backup.tar", 1)
    assert holds(tmp_path / "to", PASSWORD) == []
    with tarfile.open(tmp_path / "to" / "backup.tar") as tar:
        assert not any("secret.key" in name for name in tar.getnames())


def test_a_password_set_over_the_api_is_sealed_shown_as_dots_and_used(fresh_store: Store, account: Account) -> None:
    server = Server(fresh_store.config()).start()
    world = World(server)
    sql = "UPDATE teams SET created_at = created_at - 1 WHERE key = :key"
    server.engine.write(lambda db: db.run(sql, key=world.team_key))
    try:
        login = f"{quote(account.address)}:{account.password}"
        url = f"smtp://{login}@127.0.0.1:{account.servers.ports['SMTP']}?tls=off"
        set_up = ok(world.ada.http.post("/api/v2/settings/mail", json={"smtpUrl": url, "from": "crm@example.com"}))
        assert account.password not in str(set_up)
        assert f"{quote(account.address)}:…@" in set_up["smtpUrl"]
        # A form that sends back what it was shown keeps the password.
        ok(world.ada.http.post("/api/v2/settings/mail", json={"smtpUrl": set_up["smtpUrl"], "from": "b@example.com"}))
        assert ok(world.ada.http.post("/api/v2/settings/mail/test", json={"to": account.address}))["success"]
        eventually(lambda: account.count() == 1)
        assert holds(fresh_store.data, account.password) == []
        (fresh_store.data / "secret.key").unlink()
        failed = ok(world.ada.http.post("/api/v2/settings/mail/test", json={}))
        assert "secret.key" in failed["error"]
        assert ":…@" in ok(world.ada.http.get("/api/v2/settings/mail"))["smtpUrl"]
    finally:
        world.close()
        server.stop()


def test_a_rotation_seals_again_and_doctor_finds_a_lost_key(fresh_store: Store) -> None:
    fresh_store.data.chmod(0o700)
    config = fresh_store.config(smtp_url=f"smtp://user:{PASSWORD}@mail.example.com", mail_from="crm@example.com")
    server = Server(config).start()
    keys = SecretKeys(config.key_file)
    try:
        before = server.engine.read(mail_settings.find)
        assert server.engine.write(lambda db: secrets.rotate(db, keys)) == (1, 0, 0)
        assert server.engine.write(lambda db: secrets.rotate(db, keys)) == (1, 0, 1)
        after = server.engine.read(mail_settings.find)
        assert mail_settings.full_url(server.boxwood.keys, after) == config.smtp_url
        assert not mail_settings.keys_open(keys, before)
    finally:
        server.stop()
    said = [finding.says for finding in doctor.examine(config) if "stored passwords" in finding.says]
    assert "keep a copy" in said[0]
    config.key_file.write_text("")
    with pytest.raises(OSError, match="restore the file"):
        SecretKeys(config.key_file).open(after.sealed, mail_settings.PURPOSE)
    config.key_file.unlink()
    bad = [finding.says for finding in doctor.examine(config) if not finding.fine]
    assert bad == [
        f"1 of 1 stored passwords of mail servers cannot be read: restore your copy of {config.key_file}, or enter the "
        "passwords again in Settings"
    ]
