"""`boxwood key`: creates, lists and revokes API keys."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from ..core import persons
from ..core.accounts import api_keys, invitations, locked_users, makers
from ..core.context import Ctx
from ..core.people import teams, users
from ..core.records import User
from ..db.engine import Db
from ..lib import addresses
from ..lib.clock import now_ms
from .options import add_store, in_store


def add(commands: Any) -> None:
    key = commands.add_parser("key", help="API keys").add_subparsers(required=True, metavar="COMMAND")
    create = key.add_parser("create", help="create a key and print it; it cannot be shown again")
    create.add_argument("email")
    create.add_argument("--name")
    listed = key.add_parser("list", help="list the keys")
    listed.add_argument("email", nargs="?")
    revoke = key.add_parser("revoke", help="revoke a key, which is refused from then on")
    revoke.add_argument("key", help="the record's key or the secret's beginning, as listed")
    for parser, run in ((create, _create), (listed, _list), (revoke, _revoke)):
        add_store(parser)
        parser.set_defaults(run=run)


def _create(options: argparse.Namespace) -> None:
    print(in_store(options, lambda db: make_key(db, options.email, options.name))[1])


def _list(options: argparse.Namespace) -> None:
    for line in in_store(options, lambda db: list_keys(db, options.email or "")):
        print(line)


def _revoke(options: argparse.Namespace) -> None:
    count = in_store(options, lambda db: revoke_key(db, options.key))
    if not count:
        sys.exit(f"boxwood: there is no key {options.key!r}; `boxwood key list` lists all keys")
    print(f"revoked {count}")


def make_key(db: Db, email: str, name: str | None) -> tuple[User, str]:
    """Create a key for the user with this address, and return the user and the key's secret. Creates the user if there
    is none, and a team if the user has not created any."""
    now = now_ms()
    email = persons.check_email(email)
    user = users.by_email(db, email) or users.create(db, email, now)
    locked_users.require_unlocked(db, user.key)
    user = invitations.accept(Ctx(db, now, user)).actor
    if not db.row("SELECT 1 FROM teams WHERE creator_key = :user LIMIT 1", user=user.key):
        teams.create(db, f"{user.full_name}'s team", user, now)
    return user, api_keys.create(db, user, now, name=name)[1]


def list_keys(db: Db, email: str) -> list[str]:
    """A line for each key of the user with this address. With an empty address, for the keys of all users."""
    rows = db.rows(
        """
        SELECT k.key, k.prefix, u.email, k.name, k.used_at FROM api_keys k JOIN users u ON u.key = k.user_key
        WHERE :email = '' OR u.email = :email ORDER BY u.email, k.created_at
        """,
        email=addresses.one_form(email),
    )
    return [
        "\t".join(
            [
                key,
                f"{prefix}…",
                owner,
                name or "-",
                time.strftime("used %Y-%m-%d %H:%M", time.gmtime(used_at / 1000)) if used_at else "never used",
            ]
        )
        for key, prefix, owner, name, used_at in rows
    ]


def revoke_key(db: Db, key: str) -> int:
    """Revoke the keys with this record key or beginning of the secret. Returns their number."""
    named, key = "key = :key OR prefix = :key", key.rstrip("…")
    makers.note_end(db, named, key=key)
    return db.run(f"DELETE FROM api_keys WHERE {named}", key=key)
