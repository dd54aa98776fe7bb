"""The command `boxwood`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from . import version
from .commands import backups, tables, users
from .config import Config, only_in_environment, refusal
from .core import listeners, mail_settings
from .core.context import Ctx
from .db import schema
from .db.engine import Db, Engine
from .db.open import open_engine
from .errors import Problem
from .jobs.backups import LOCK, Source
from .lib import locks
from .lib import options as spelled
from .lib.clock import now_ms


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (Problem, OSError) as problem:
        sys.exit(f"boxwood: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="boxwood", description="A CRM server that speaks the Streak API.")
    parser.add_argument("--version", action="version", version=version.VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_worker(commands)
    _add_key(commands)
    _add_user(commands)
    backups.add_commands(commands, _add_store, _source)
    tables.add_commands(commands, _add_store, _source)
    migrate = commands.add_parser("migrate", help="bring the database up to date")
    _add_store(migrate)
    migrate.set_defaults(run=_migrate)
    doctor = commands.add_parser("doctor", help="look whether everything is in order")
    _add_store(doctor)
    doctor.set_defaults(run=_doctor)
    return parser


def _env(name: str, default: Any = None) -> Any:
    return os.environ.get(f"BOXWOOD_{name}", default)


def _env_flag(name: str) -> bool:
    return str(_env(name, "")).lower() in ("1", "true", "yes", "on")


def _add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path(_env("DATA", "data")), help="data directory (./data)")
    parser.add_argument("--database-url", default=_env("DATABASE_URL"), help="postgresql://… instead of SQLite")


def _add_serve(commands: Any) -> None:
    serve = commands.add_parser("serve", help="serve the API and the UI")
    _add_store(serve)
    _add_place(serve)
    serve.add_argument("--workers", type=int, default=int(_env("WORKERS", "1")), help="processes (PostgreSQL only)")
    serve.add_argument(
        "--no-deliveries",
        action="store_true",
        default=_env_flag("NO_DELIVERIES"),
        help="leave webhooks to `boxwood worker` (PostgreSQL only)",
    )
    serve.add_argument("--no-sample", action="store_true", default=_env_flag("NO_SAMPLE"), help="start empty")
    serve.add_argument("--owner", default=_env("OWNER", "owner@localhost"), help="the first user's e-mail")
    serve.add_argument(
        "--url", default=_env("URL"), help="where people reach the server, such as https://crm.example.com"
    )
    serve.add_argument("--tls-cert", default=_env("TLS_CERT"))
    serve.add_argument("--tls-key", default=_env("TLS_KEY"))
    serve.add_argument("--insecure-http", action="store_true", default=_env_flag("INSECURE_HTTP"))
    serve.add_argument(
        "--max-file-size",
        type=spelled.size,
        default=_env("MAX_FILE_SIZE", "100MB"),
        help="of one upload, such as 100MB",
    )
    serve.add_argument(
        "--rate-limit",
        type=spelled.rate,
        default=_env("RATE_LIMIT", ""),
        help="of each API key, such as '10/s burst 50' (none)",
    )
    serve.add_argument(
        "--native-endpoints",
        type=int,
        default=int(_env("NATIVE_ENDPOINTS", "16")),
        help="inbound webhooks and webhook steps of a team together; 0 for no limit (16)",
    )
    serve.add_argument(
        "--subscriptions", type=int, default=int(_env("SUBSCRIPTIONS", "0")), help="event subscriptions of a team (any)"
    )
    serve.add_argument(
        "--trusted-proxies",
        type=spelled.networks,
        default=_env("TRUSTED_PROXIES", ""),
        help="addresses or networks, with commas, whose X-Forwarded-For is believed",
    )
    serve.add_argument(
        "--backup-every", type=spelled.span, default=_env("BACKUP_EVERY", "0"), help="such as 6h (never)"
    )
    serve.add_argument("--backup-keep", type=int, default=int(_env("BACKUP_KEEP", "28")), help="how many (28)")
    serve.add_argument("--backup-to", type=Path, default=_env("BACKUP_TO"), help="the directory for backups")
    serve.set_defaults(run=_serve)


def _add_place(parser: argparse.ArgumentParser) -> None:
    """Where the server answers, and so what no webhook may call."""
    parser.add_argument("--host", default=_env("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(_env("PORT", "8080")))
    parser.add_argument("--allow-private-webhooks", action="store_true", default=_env_flag("ALLOW_PRIVATE_WEBHOOKS"))
    parser.add_argument("--log-level", default=_env("LOG_LEVEL", "info"), choices=("debug", "info", "warning", "error"))


def _add_worker(commands: Any) -> None:
    worker = commands.add_parser(
        "worker", help="send webhooks and run automations beside `boxwood serve` (PostgreSQL only)"
    )
    _add_store(worker)
    _add_place(worker)
    worker.add_argument("--slots", type=int, default=int(_env("SLOTS", "256")), help="deliveries in flight at once")
    worker.set_defaults(run=_work)


def _work(options: argparse.Namespace) -> None:
    import asyncio

    from .app import work
    from .lib import jsonlog

    if not options.database_url:
        sys.exit("boxwood: `boxwood serve` sends what is in SQLite itself; workers beside it need PostgreSQL")
    if options.slots < 1:
        sys.exit("boxwood: --slots is 1 or more")
    config = Config(
        data=options.data.absolute(),
        host=options.host,
        port=options.port,
        database_url=options.database_url,
        allow_private_webhooks=options.allow_private_webhooks,
        log_level=options.log_level,
    )
    jsonlog.start(config.log_level)
    asyncio.run(work(config, slots=options.slots))


def _serve(options: argparse.Namespace) -> None:
    config = _config(options)
    if why := refusal(config) or mail_settings.refusal(config.smtp_url, config.mail_from):
        sys.exit(f"boxwood: {why}")
    _prepare(config)
    engine = _open(config)
    try:
        first = engine.write(lambda db: _first_start(db, options.owner, config.sample))
    finally:
        engine.close()
    _say(config, first)
    with locks.hold(config.data / LOCK, shared=True) as free:
        if not free:
            sys.exit(f"boxwood: a backup is being restored into {config.data}: wait until that is done")
        _run(config)


def _config(options: argparse.Namespace) -> Config:
    return Config(
        data=options.data.absolute(),
        host=options.host,
        port=options.port,
        database_url=options.database_url,
        workers=options.workers,
        allow_private_webhooks=options.allow_private_webhooks,
        deliver=not options.no_deliveries,
        sample=not options.no_sample,
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        insecure_http=options.insecure_http,
        log_level=options.log_level,
        max_file_size=options.max_file_size,
        rate_limit=options.rate_limit,
        trusted_proxies=options.trusted_proxies,
        native_endpoints=options.native_endpoints,
        subscriptions=options.subscriptions,
        base_url=options.url or "",
        backup_every=options.backup_every,
        backup_keep=options.backup_keep,
        backup_to=Path(options.backup_to).absolute() if options.backup_to else None,
        **only_in_environment(os.environ),
    )


def _prepare(config: Config) -> None:
    """The data directory, for its owner's eyes, and the schema."""
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    schema.migrate(config.database_url, config.sqlite_path)


def _open(config: Config) -> Engine:
    listeners.connect()
    return open_engine(config.database_url, config.sqlite_path, readers=1)


def _first_start(db: Db, email: str, sample: bool) -> tuple[str, str] | None:
    """The owner's key and link where there are no users yet, with his team and perhaps the sample."""
    if db.row("SELECT 1 FROM users LIMIT 1"):
        return None
    owner, secret = users.make_key(db, email, None)
    if sample:
        from .commands import sample as samples

        samples.load(Ctx(db, now_ms(), owner))
    return secret, users.link(db, email)


def _say(config: Config, first: tuple[str, str] | None) -> None:
    lines = [f"Boxwood {version.VERSION} serves {config.url}"]
    if first:
        secret, link = first
        lines += [
            f"Choose your password here, once: {(config.base_url or config.url).rstrip('/')}{link}",
            f"Your API key, shown this once: {secret}",
            "Try it:",
            f"  curl -u {secret}: {config.url}/api/v1/pipelines",
        ]
    else:
        lines.append("For a new API key: boxwood key create EMAIL; to sign in: boxwood user link EMAIL")
    print("\n".join(lines), flush=True)


def _run(config: Config) -> None:
    import uvicorn

    from .lib import jsonlog

    jsonlog.start(config.log_level)
    # uvicorn gives the signal back once it has shut down in order: that is a good end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    common: dict[str, Any] = {
        "host": config.host,
        "port": config.port,
        "log_config": None,
        **dict.fromkeys(("access_log", "server_header", "proxy_headers"), False),
        "timeout_graceful_shutdown": 30,
        "timeout_keep_alive": 65,
        "ssl_certfile": config.tls_cert,
        "ssl_keyfile": config.tls_key,
        "backlog": 1024,
        "http": "boxwood.lib.joined_writes:Protocol",
    }
    if config.workers == 1:
        from .app import build

        uvicorn.Server(uvicorn.Config(build(config).asgi, **common)).run()
    else:
        settings = {name: getattr(config, name) for name in Config.__dataclass_fields__}
        os.environ["BOXWOOD_CONFIG"] = msgspec.json.encode(_plain(settings)).decode()
        with tempfile.TemporaryDirectory(prefix="boxwood-metrics-") as counts:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
            uvicorn.run("boxwood.app:from_environment", factory=True, workers=config.workers, **common)


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in settings.items()}


# Keys and users


def _add_key(commands: Any) -> None:
    key = commands.add_parser("key", help="API keys").add_subparsers(required=True, metavar="COMMAND")
    create = key.add_parser("create", help="make a key; prints it alone, this once")
    create.add_argument("email")
    create.add_argument("--name")
    listed = key.add_parser("list", help="the keys there are")
    listed.add_argument("email", nargs="?")
    revoke = key.add_parser("revoke", help="refuse a key from now on")
    revoke.add_argument("key", help="the record's key or the secret's beginning, as listed")
    for parser, run in ((create, _key_create), (listed, _key_list), (revoke, _key_revoke)):
        _add_store(parser)
        parser.set_defaults(run=run)


def _with_store(options: argparse.Namespace, fn: Callable[[Db], Any]) -> Any:
    config = Config(data=options.data.absolute(), database_url=options.database_url)
    _prepare(config)
    engine = _open(config)
    try:
        return engine.write(fn)
    finally:
        engine.close()


def _key_create(options: argparse.Namespace) -> None:
    print(_with_store(options, lambda db: users.make_key(db, options.email, options.name))[1])


def _key_list(options: argparse.Namespace) -> None:
    for line in _with_store(options, lambda db: users.list_keys(db, options.email or "")):
        print(line)


def _key_revoke(options: argparse.Namespace) -> None:
    count = _with_store(options, lambda db: users.revoke_key(db, options.key))
    if not count:
        sys.exit(f"boxwood: no key {options.key!r}; `boxwood key list` shows them")
    print(f"revoked {count}")


def _add_user(commands: Any) -> None:
    user = commands.add_parser("user", help="users").add_subparsers(required=True, metavar="COMMAND")
    create = user.add_parser("create", help="make a user and a team of his own")
    create.add_argument("email")
    create.add_argument("--name", default="", help="given and family name")
    listed = user.add_parser("list", help="the users there are")
    link = user.add_parser("link", help="print a link by which a user signs in once and chooses a password")
    link.add_argument("email")
    link.add_argument("--without-code", action="store_true", help="and remove an authenticator that was lost")
    link.add_argument(
        "--url", default=_env("URL"), help="where people reach the server, such as https://crm.example.com"
    )
    link.add_argument("--host", default=_env("HOST", "127.0.0.1"))
    link.add_argument("--port", type=int, default=int(_env("PORT", "8080")))
    link.add_argument("--tls-cert", default=_env("TLS_CERT"))
    lock = user.add_parser("lock", help="let a user in no more: signs out everywhere, revokes the keys")
    unlock = user.add_parser("unlock", help="let a locked user in again")
    lock.set_defaults(change=users.lock)
    unlock.set_defaults(change=users.unlock)
    for parser in (lock, unlock):
        parser.add_argument("email")
    for parser, run in (
        *((create, _user_create), (listed, _user_list), (link, _user_link)),
        *((lock, _user_change), (unlock, _user_change)),
    ):
        _add_store(parser)
        parser.set_defaults(run=run)


def _user_create(options: argparse.Namespace) -> None:
    print(_with_store(options, lambda db: users.create(db, options.email, options.name)).key)


def _user_list(options: argparse.Namespace) -> None:
    for line in _with_store(options, users.list_all):
        print(line)


def _user_change(options: argparse.Namespace) -> None:
    _with_store(options, lambda db: options.change(db, options.email))


def _user_link(options: argparse.Namespace) -> None:
    url = options.url or Config(data=options.data, host=options.host, port=options.port, tls_cert=options.tls_cert).url
    path = _with_store(options, lambda db: users.link(db, options.email, without_code=options.without_code))
    print(url.rstrip("/") + path)


def _source(options: argparse.Namespace) -> Source:
    from .app import backup_source, open_store

    config = Config(data=options.data.absolute(), database_url=options.database_url, **only_in_environment(os.environ))
    return backup_source(config, open_store(config))


# Upkeep


def _migrate(options: argparse.Namespace) -> None:
    config = Config(data=options.data.absolute(), database_url=options.database_url)
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    applied = schema.migrate(config.database_url, config.sqlite_path)
    print("\n".join(applied) if applied else "the database is up to date")


def _doctor(options: argparse.Namespace) -> None:
    from .app import open_store
    from .commands import doctor

    config = Config(data=options.data.absolute(), database_url=options.database_url, **only_in_environment(os.environ))
    findings = doctor.examine(config, open_store(config) if config.data.is_dir() else None)
    for finding in findings:
        print(f"{'ok  ' if finding.fine else 'BAD '} {finding.says}")
    if not all(finding.fine for finding in findings):
        sys.exit(1)
