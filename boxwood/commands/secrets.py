"""`boxwood secrets`: the keys that seal the passwords and tokens of mail servers."""

from __future__ import annotations

import argparse
from typing import Any

from ..core import mail_settings
from ..core.activity.mail import mailbox_settings
from ..core.activity.streak import runs
from ..db.engine import Db
from ..lib.secret_keys import SecretKeys, key_id_of
from .options import add_store, config_of, open_store, prepare


def add(commands: Any) -> None:
    secrets = commands.add_parser("secrets", help="keys of stored passwords").add_subparsers(
        required=True, metavar="COMMAND"
    )
    rotate = secrets.add_parser("rotate", help="seal all stored passwords and tokens with a new key")
    add_store(rotate)
    rotate.set_defaults(run=_rotate)


def _rotate(options: argparse.Namespace) -> None:
    config = config_of(options)
    prepare(config)
    engine = open_store(config)
    try:
        keys = SecretKeys(config.key_file)
        sealed, unreadable, removed = engine.write(lambda db: rotate(db, keys))
    finally:
        engine.close()
    print(f"sealed {sealed} passwords and tokens with a new key in {config.key_file}; removed {removed} old keys")
    if unreadable:
        print(f"{unreadable} cannot be read, because their key is not in the file: enter them again in Settings")


def rotate(db: Db, keys: SecretKeys) -> tuple[int, int, int]:
    """Seal everything with a new key. The previous key stays in the file until the next rotation, because a running
    server may just use it. Returns how many texts were sealed, how many cannot be read, and how many keys were
    removed."""
    keys.add()
    db.dialect.overwrite_deleted(db)
    texts = [*mail_settings.reseal(db, keys), *mailbox_settings.reseal(db, keys), *runs.reseal(db, keys)]
    used = {key_id_of(text) for text in texts}
    sealed = sum(keys.is_current(text) for text in texts)
    return sealed, len(texts) - sealed, keys.keep(used, newest=2)
