"""Crafted and malformed backups: every one is refused in words, and no file outside is touched."""

import contextlib
import hashlib
import io
import random
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from boxwood.db import snapshots
from boxwood.db.open import open_engine
from boxwood.errors import Unavailable
from boxwood.jobs import backups
from boxwood.lib import archive
from boxwood.lib.blobs import Disk
from tests.conftest import Store
from tests.processes import run, store_options

pytestmark = pytest.mark.slow  # every test makes a backup, and some start the command
BLOB = "0123456789abcdef" * 2


def source(store: Store) -> backups.Source:
    config = store.config()
    return backups.Source(store.url, config.sqlite_path, store.data, Disk(store.data / "files"), True)


@pytest.fixture
def whole(fresh_store: Store, tmp_path: Path) -> dict[str, bytes]:
    """The members of a sound backup with one file."""
    file = tmp_path / "sound.tar"
    backups.make(source(fresh_store), file, 0)
    with tarfile.open(file) as tar:
        members = {name: body.read() for name in tar.getnames() if (body := tar.extractfile(name))}
    file.unlink()
    del members[archive.MANIFEST]
    return {**members, f"files/{BLOB}": b"bytes"}


def info(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = size, kind, link
    return member


def about(store: Store, **changes: Any) -> dict[str, Any]:
    return {"format": 1, "version": "0.1.0", "database": store.name, "madeAt": 0, **changes}


def manifest(store: Store, members: dict[str, bytes], **changes: Any) -> bytes:
    parts = {name: {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()} for name, body in members.items()}
    return msgspec.json.encode({"told": about(store, **changes), "parts": parts})


def write(file: Path, members: list[tuple[tarfile.TarInfo | str, bytes]]) -> Path:
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, body in members:
            member = name if isinstance(name, tarfile.TarInfo) else info(name, len(body))
            tar.addfile(member, io.BytesIO(body))
    return file


def around(folder: Path, store: Store) -> dict[str, tuple[int, bytes]]:
    """Every file and folder of the test but the backup itself, with the time of its last change and its bytes."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
        if path.suffix != ".tar" and path != store.data and "files/incoming" not in str(path)
    }


NAMES = (
    "files/{outside}/precious",
    "{outside}/precious",
    "files/../precious",
    "files/../../precious",
    "files/../../../precious",
    "files/../../../../precious",
    "files/..",
    "files/.",
    "files/",
    "files//etc/passwd",
    "files/./" + BLOB,
    "files/" + BLOB.upper(),
    "files/" + BLOB + "/x",
    "files/" + BLOB + "\n",
    "files/" + "٠" * 32,
    "files/0123",
    "FILES/" + BLOB,
    "./files/" + BLOB,
    "../database.sqlite3",
    "replaced-1",
    "serving.lock",
    "x" * 300,
)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_member_of_any_other_name_is_refused_and_touches_nothing(
    fresh_store: Store, whole: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for place in (outside, fresh_store.data, tmp_path):
        (place / "precious").write_bytes(b"precious")
    members = {name.format(outside=outside): b"evil", **whole}
    file = write(tmp_path / "b.tar", [*members.items(), (archive.MANIFEST, manifest(fresh_store, members))])
    before = around(tmp_path, fresh_store)
    with pytest.raises(Unavailable, match=r"no name that a backup uses|not a plain file"):
        backups.restore(source(fresh_store), file, 0)
    assert {
        path: found for path, found in around(tmp_path, fresh_store).items() if "serving.lock" not in path
    } == before


KINDS = {
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "folder": tarfile.DIRTYPE,
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("name", [f"files/{BLOB}", "database.sqlite3", "database.dump", archive.MANIFEST, "other"])
def test_links_and_devices_are_refused(
    fresh_store: Store, whole: dict[str, bytes], tmp_path: Path, kind: bytes, name: str
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    linked: list[tuple[tarfile.TarInfo | str, bytes]] = [(info(name, 0, kind, str(precious)), b"")]
    members = {key: body for key, body in whole.items() if key != name}
    rest: list[tuple[tarfile.TarInfo | str, bytes]] = [
        *members.items(),
        (archive.MANIFEST, manifest(fresh_store, whole)),
    ]
    file = write(tmp_path / "b.tar", linked + rest)
    with pytest.raises(Unavailable, match="not a plain file"):
        backups.restore(source(fresh_store), file, 0)
    assert precious.read_bytes() == b"precious"


def malformed(store: Store, whole: dict[str, bytes]) -> dict[str, tuple[str, list[tuple[Any, bytes]]]]:
    """Members of malformed backups, with a part of the message that refuses each."""
    end = manifest(store, whole)
    parts = msgspec.json.decode(end)["parts"]
    encode = msgspec.json.encode
    body = list(whole.items())
    name, database = body[0]
    no_database = {f"files/{BLOB}": b"bytes"}

    def described(**changes: Any) -> list[tuple[Any, bytes]]:
        return [*body, (archive.MANIFEST, manifest(store, whole, **changes))]

    def ended(content: bytes) -> list[tuple[Any, bytes]]:
        return [*body, (archive.MANIFEST, content)]

    return {
        "no manifest": ("its end is missing", body),
        "nothing": ("its end is missing|not a backup", []),
        "a member after the end": ("after its end", [*body[:1], (archive.MANIFEST, end), *body[1:]]),
        "two manifests": ("after its end", [*body, (archive.MANIFEST, end), (archive.MANIFEST, end)]),
        "a member twice": ("twice", [*body, body[1], (archive.MANIFEST, end)]),
        "the database twice": ("twice", [body[0], *body, (archive.MANIFEST, end)]),
        "a wrong digest": ("damaged", [(name, database), (f"files/{BLOB}", b"other"), (archive.MANIFEST, end)]),
        "a member that the manifest does not list": ("damaged", [*body, ("files/" + "a" * 32, b""), *ended(end)[-1:]]),
        "a member that is missing": ("damaged", [body[0], (archive.MANIFEST, end)]),
        "no database": ("no database", [*no_database.items(), (archive.MANIFEST, manifest(store, no_database))]),
        "a manifest that is no JSON": ("not a backup", ended(b"{")),
        "a manifest that is no text": ("not a backup", ended(b"\xff\xfe")),
        "an empty manifest": ("not a backup", ended(b"")),
        "a manifest that is a list": ("not a backup", ended(b"[]")),
        "a manifest that is null": ("not a backup", ended(b"null")),
        "a deep manifest": (
            "not a backup",
            ended(b'{"parts":{},"told":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"),
        ),
        "parts as a list": ("not a backup", ended(encode({"told": about(store), "parts": []}))),
        "a size as text": ("not a backup", ended(encode({"told": about(store), "parts": {name: {"size": "1"}}}))),
        "a negative size": ("damaged", ended(encode({"told": about(store), "parts": {**parts, name: part(-1)}}))),
        "a huge size": ("damaged", ended(encode({"told": about(store), "parts": {**parts, name: part(2**62)}}))),
        "no description": ("not a backup", ended(encode({"parts": parts}))),
        "a description as text": ("not a backup", ended(encode({"told": "x", "parts": parts}))),
        "a format as text": ("later version", described(format="1")),
        "a format as a list": ("later version", described(format=[1])),
        "no format": ("later version", described(format=None)),
        "a database as a number": ("cannot be used", described(database=7)),
        "another database": ("is of a mysql database", described(database="mysql")),
        "a version as an object": ("cannot be used", described(version={})),
        "a version that moves the cursor": ("cannot be used", described(version="\x1b[2J")),
        "a time as text": ("cannot be used", described(madeAt="now")),
        "a time that is far away": ("cannot be used", described(madeAt=10**30)),
        "a time before the epoch": ("cannot be used", described(madeAt=-1)),
    }


def part(size: int) -> dict[str, Any]:
    return {"size": size, "sha256": "0" * 64}


def test_a_malformed_backup_is_refused_in_words(fresh_store: Store, whole: dict[str, bytes], tmp_path: Path) -> None:
    before = around(fresh_store.data, fresh_store)
    for case, (says, members) in malformed(fresh_store, whole).items():
        file = write(tmp_path / "b.tar", members)
        with pytest.raises(Unavailable) as refused:
            backups.restore(source(fresh_store), file, 0)
        assert any(words in str(refused.value) for words in says.split("|")), (case, str(refused.value))
    assert {path: now for path, now in around(fresh_store.data, fresh_store).items() if "lock" not in path} == before


def test_a_header_that_claims_a_huge_size_is_refused(
    fresh_store: Store, whole: dict[str, bytes], tmp_path: Path
) -> None:
    """The sizes are those of tar's headers. An extended header and a long name would be read into memory at once."""
    names = (f"files/{BLOB}", next(iter(whole)), archive.MANIFEST, "other")
    kinds = (tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE)
    for name in names:
        for kind in kinds:
            for size in (2**33 - 1, 2**62, -1, -(2**40)):
                head = info(name, size, kind).tobuf(tarfile.GNU_FORMAT)
                file = tmp_path / "b.tar"
                file.write_bytes(head + b"x" * 10_240)
                with pytest.raises(Unavailable):
                    backups.restore(source(fresh_store), file, 0)


def test_a_backup_cut_or_changed_at_any_place_is_refused_in_words(
    fresh_store: Store, whole: dict[str, bytes], tmp_path: Path
) -> None:
    file = write(tmp_path / "b.tar", [*whole.items(), (archive.MANIFEST, manifest(fresh_store, whole))])
    sound, chance = file.read_bytes(), random.Random(7)
    heads = [at for at in range(0, len(sound), 512) if sound[at + 257 : at + 262] == b"ustar"]
    for _ in range(300):
        changed = bytearray(sound)
        for _ in range(chance.randrange(1, 4)):
            changed[chance.choice(heads) + chance.randrange(512)] = chance.randrange(256)
        if chance.random() < 0.3:
            del changed[chance.randrange(len(changed)) :]
        for at in heads:  # a right checksum, so that the change is read
            if at + 512 <= len(changed):
                block = changed[at : at + 512]
                block[148:156] = b" " * 8
                changed[at + 148 : at + 156] = b"%06o\0 " % sum(block)
        file.write_bytes(changed)
        if changed != sound:
            with contextlib.suppress(
                archive.Unusable
            ):  # a change of what is not read, such as a member's mode, is fine
                archive.check(file, backups._MEMBER)


def test_the_command_refuses_in_words(fresh_store: Store, whole: dict[str, bytes], tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    members = {f"files/{precious}": b"evil", **whole}
    file = write(tmp_path / "b.tar", [*members.items(), (archive.MANIFEST, manifest(fresh_store, members))])
    done = run("restore", str(file), *store_options(fresh_store), check=False)
    assert done.returncode == 1
    assert "no name that a backup uses" in done.stderr
    assert "Traceback" not in done.stderr
    assert precious.read_bytes() == b"precious"
    for given in (tmp_path, tmp_path / "missing.tar", Path("/dev/null")):
        done = run("restore", str(given), *store_options(fresh_store), check=False)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr


def crafted_databases(store: Store, whole: dict[str, bytes], tmp_path: Path) -> dict[str, bytes]:
    """Database members with right digests that are not databases of Boxwood."""
    if not store.url:
        return {
            "no database": b"hello" * 1000,
            "nothing": b"",
            "cut": whole["database.sqlite3"][:40_000],
            "other tables": sqlite_with("CREATE TABLE boxes (key TEXT)", tmp_path),
            "a view as the list of migrations": sqlite_with("CREATE VIEW _yoyo_migration AS SELECT 1", tmp_path),
        }
    engine = open_engine(store.url, "", readers=1)
    padding = "A" * 300
    engine.write(lambda db: db.run(f"COMMENT ON TABLE comments IS '{padding}'"))
    engine.close()
    file = tmp_path / "commented.tar"
    backups.make(source(store), file, 0)
    with tarfile.open(file) as tar:
        body = tar.extractfile("database.dump")
        assert body is not None
        dump = body.read()
    shell = f"';\n\\! touch {tmp_path}/shell\n\\o {tmp_path}/output\nSELECT '"
    return {
        "no database": b"hello" * 1000,
        "nothing": b"",
        "cut": whole["database.dump"][:10_000],
        "a command for the shell": dump.replace(padding.encode(), (shell + padding)[:300].encode()),
    }


def sqlite_with(sql: str, folder: Path) -> bytes:
    path = folder / "crafted.sqlite3"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()
    return path.read_bytes()


def test_a_crafted_database_is_refused_and_the_previous_one_stays(
    fresh_store: Store, whole: dict[str, bytes], tmp_path: Path
) -> None:
    kept = rows(fresh_store)
    name = snapshots.NAMES[fresh_store.name]
    for case, database in crafted_databases(fresh_store, whole, tmp_path).items():
        members = {**whole, name: database}
        file = write(tmp_path / "b.tar", [*members.items(), (archive.MANIFEST, manifest(fresh_store, members))])
        done = run("restore", str(file), *store_options(fresh_store), check=False)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), (case, done.stderr)
        assert rows(fresh_store) == kept, case
    assert not (tmp_path / "shell").exists()
    assert not (tmp_path / "output").exists()


def rows(store: Store) -> list[Any]:
    engine = open_engine(store.url, store.config().sqlite_path, readers=1)
    try:
        return engine.read(lambda db: db.rows("SELECT migration_id FROM _yoyo_migration ORDER BY migration_id"))
    finally:
        engine.close()
