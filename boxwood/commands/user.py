"""`boxwood user`: creates, lists, locks and unlocks users, and prints sign-in links."""

from __future__ import annotations

import argparse
from typing import Any

from ..config import Config
from ..core import persons
from ..core.accounts import locked_users, passwords, second_factors, sign_in_links
from ..core.people import teams, users
from ..core.records import User
from ..db.engine import Db
from ..errors import Invalid
from ..lib.clock import now_ms
from .options import add_store, env, in_store


def add(commands: Any) -> None:
    user = commands.add_parser("user", help="users").add_subparsers(required=True, metavar="COMMAND")
    create = user.add_parser("create", help="create a user with a team of their own")
    create.add_argument("email")
    create.add_argument("--name", default="", help="given and family name")
    listed = user.add_parser("list", help="list the users")
    linked = user.add_parser("link", help="print a link that signs a user in one time, to choose a password")
    linked.add_argument("email")
    linked.add_argument("--without-code", action="store_true", help="also remove a lost authenticator")
    linked.add_argument(
        "--url", default=env("URL"), help="the public URL of the server, such as https://crm.example.com"
    )
    linked.add_argument("--host", default=env("HOST", "127.0.0.1"))
    linked.add_argument("--port", type=int, default=int(env("PORT", "8080")))
    linked.add_argument("--tls-cert", default=env("TLS_CERT"))
    locked = user.add_parser("lock", help="lock a user out: signs out everywhere and revokes the keys")
    unlocked = user.add_parser("unlock", help="let a locked user sign in again")
    locked.set_defaults(change=lock)
    unlocked.set_defaults(change=unlock)
    for parser in (locked, unlocked):
        parser.add_argument("email")
    for parser, run in (
        *((create, _create), (listed, _list), (linked, _link)),
        *((locked, _change), (unlocked, _change)),
    ):
        add_store(parser)
        parser.set_defaults(run=run)


def _create(options: argparse.Namespace) -> None:
    print(in_store(options, lambda db: create(db, options.email, options.name)).key)


def _list(options: argparse.Namespace) -> None:
    for line in in_store(options, list_all):
        print(line)


def _change(options: argparse.Namespace) -> None:
    in_store(options, lambda db: options.change(db, options.email))


def _link(options: argparse.Namespace) -> None:
    url = options.url or Config(data=options.data, host=options.host, port=options.port, tls_cert=options.tls_cert).url
    path = in_store(options, lambda db: link(db, options.email, without_code=options.without_code))
    print(url.rstrip("/") + path)


def create(db: Db, email: str, name: str) -> User:
    email = persons.check_email(email)
    if users.by_email(db, email):
        raise Invalid("", f"there is already a user {email}")
    given, _, family = name.partition(" ")
    user = users.create(db, email, now_ms(), given_name=given, family_name=family)
    teams.create(db, f"{user.full_name}'s team", user, now_ms())
    return user


def list_all(db: Db) -> list[str]:
    """A line for each user."""
    rows = db.rows("SELECT key, email, given_name, family_name FROM users ORDER BY email")
    return ["\t".join([key, email, f"{given} {family}".strip()]) for key, email, given, family in rows]


def lock(db: Db, email: str) -> None:
    """Sign the user out everywhere, revoke the user's API keys, and refuse every sign-in."""
    locked_users.lock(db, _known(db, email), now_ms())


def unlock(db: Db, email: str) -> None:
    if not locked_users.unlock(db, _known(db, email)):
        raise Invalid("", f"{email} is not locked")


def link(db: Db, email: str, *, without_code: bool = False) -> str:
    """The path of a link that signs this user in one time, to choose a new password. `without_code` removes a lost
    authenticator."""
    user = _known(db, email)
    locked_users.require_unlocked(db, user.key)
    if without_code:
        second_factors.delete(db, user.key)
    return sign_in_links.make(db, user, "welcome" if passwords.find_hash(db, user.key) is None else "reset", now_ms())


def _known(db: Db, email: str) -> User:
    email = persons.check_email(email)
    user = users.by_email(db, email)
    if user is None:
        raise Invalid("", f"there is no user {email}; `boxwood user create` creates one")
    return user
