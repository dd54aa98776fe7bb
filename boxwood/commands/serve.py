"""`boxwood serve`: serves the API and the web UI."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from .. import version
from ..config import Config, only_in_environment, refusal
from ..core import mail_settings
from ..core.context import Ctx
from ..db.engine import Db
from ..jobs.backups import LOCK
from ..lib import jsonlog, locks
from ..lib import options as readers
from ..lib.clock import now_ms
from . import key, sample, user
from .options import add_address, add_connections, add_store, env, env_flag, open_store, prepare, store_settings


def add(commands: Any) -> None:
    serve = commands.add_parser("serve", help="serve the API and the UI")
    add_store(serve)
    add_address(serve)
    add_connections(serve)
    serve.add_argument("--workers", type=int, default=int(env("WORKERS", "1")), help="processes (PostgreSQL only)")
    serve.add_argument(
        "--no-checkpoints",
        action="store_true",
        default=env_flag("NO_CHECKPOINTS"),
        help="leave SQLite's log to Litestream, which must run beside (SQLite only)",
    )
    serve.add_argument(
        "--drain",
        type=readers.span,
        default=env("DRAIN", "0"),
        help="how long to go on answering after SIGTERM while /readyz says 503, such as 10s (not at all)",
    )
    serve.add_argument(
        "--no-deliveries",
        action="store_true",
        default=env_flag("NO_DELIVERIES"),
        help="leave webhooks to `boxwood worker` (PostgreSQL only)",
    )
    serve.add_argument("--no-sample", action="store_true", default=env_flag("NO_SAMPLE"), help="start empty")
    serve.add_argument("--owner", default=env("OWNER", "owner@localhost"), help="the first user's e-mail")
    serve.add_argument(
        "--url", default=env("URL"), help="the public URL of the server, such as https://crm.example.com"
    )
    serve.add_argument("--insecure-http", action="store_true", default=env_flag("INSECURE_HTTP"))
    serve.add_argument(
        "--max-file-size",
        type=readers.size,
        default=env("MAX_FILE_SIZE", "100MB"),
        help="maximum size of an uploaded file (100MB)",
    )
    serve.add_argument(
        "--rate-limit",
        type=readers.rate,
        default=env("RATE_LIMIT", ""),
        help="rate limit of each API key, such as '10/s burst 50' (none)",
    )
    serve.add_argument(
        "--native-endpoints",
        type=int,
        default=int(env("NATIVE_ENDPOINTS", "16")),
        help="maximum number of inbound webhooks and webhook steps of a team, together; 0 for no limit (16)",
    )
    serve.add_argument(
        "--subscriptions",
        type=int,
        default=int(env("SUBSCRIPTIONS", "0")),
        help="maximum number of webhook subscriptions of a team; 0 for no limit (0)",
    )
    serve.add_argument(
        "--trusted-proxies",
        type=readers.networks,
        default=env("TRUSTED_PROXIES", ""),
        help="addresses or networks of proxies, separated by commas, whose X-Forwarded-For is trusted",
    )
    serve.add_argument(
        "--allowed-hosts",
        type=readers.names,
        default=env("ALLOWED_HOSTS", ""),
        help="further host names of this server, separated by commas, or '*' for any",
    )
    serve.add_argument(
        "--cors-origins",
        type=readers.origins,
        default=env("CORS_ORIGINS", ""),
        help="web pages of other origins that may call the API with a key, such as https://app.example.com (none)",
    )
    serve.add_argument(
        "--backup-every",
        type=readers.span,
        default=env("BACKUP_EVERY", "0"),
        help="interval of backups, such as 6h (never)",
    )
    serve.add_argument("--backup-keep", type=int, default=int(env("BACKUP_KEEP", "28")), help="number of backups (28)")
    serve.add_argument("--backup-to", type=Path, default=env("BACKUP_TO"), help="the directory for backups")
    serve.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> None:
    config = _config(options)
    if why := refusal(config) or mail_settings.refusal(config.smtp_url, config.mail_from):
        sys.exit(f"boxwood: {why}")
    prepare(config)
    engine = open_store(config)
    try:
        first = engine.write(lambda db: _first_start(db, options.owner, config.sample, shown=sys.stdout.isatty()))
    finally:
        engine.close()
    _say(config, first, options.owner)
    with locks.hold(config.data / LOCK, shared=True) as free:
        if not free:
            sys.exit(f"boxwood: a backup is being restored into {config.data}: start again after it has finished")
        _run(config)


def _config(options: argparse.Namespace) -> Config:
    return Config(
        **store_settings(options),
        host=options.host,
        port=options.port,
        connections=options.connections,
        checkpoints=not options.no_checkpoints,
        drain=options.drain,
        workers=options.workers,
        allow_private_webhooks=options.allow_private_webhooks,
        mail_servers=options.mail_servers,
        mail_listen=options.mail_listen,
        mail_senders=options.mail_senders,
        deliver=not options.no_deliveries,
        sample=not options.no_sample,
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        insecure_http=options.insecure_http,
        log_level=options.log_level,
        max_file_size=options.max_file_size,
        rate_limit=options.rate_limit,
        trusted_proxies=options.trusted_proxies,
        allowed_hosts=options.allowed_hosts,
        cors_origins=options.cors_origins,
        native_endpoints=options.native_endpoints,
        subscriptions=options.subscriptions,
        base_url=options.url or "",
        backup_every=options.backup_every,
        backup_keep=options.backup_keep,
        backup_to=Path(options.backup_to).absolute() if options.backup_to else None,
        **only_in_environment(os.environ),
    )


def _first_start(db: Db, email: str, with_sample: bool, *, shown: bool) -> tuple[str, str] | None:
    """On the first start, create the owner with a team, and the sample data if wanted. Returns the owner's API key and
    sign-in link, or None if there are users already. Without a terminal (`shown` is False) it creates neither, because
    they would stay in a log."""
    if db.row("SELECT 1 FROM users LIMIT 1"):
        return None
    secret = ""
    if shown:
        owner, secret = key.make_key(db, email, None)
    else:
        owner = user.create(db, email, "")
    if with_sample:
        sample.load(Ctx(db, now_ms(), owner))
    return (secret, user.link(db, email)) if shown else None


def _say(config: Config, first: tuple[str, str] | None, owner: str) -> None:
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
        lines.append(f"To sign in: boxwood user link {owner}; for a new API key: boxwood key create {owner}")
    print("\n".join(lines), flush=True)


def _run(config: Config) -> None:
    import uvicorn

    jsonlog.start(config.log_level)
    # After an orderly shutdown uvicorn raises the signal again: exit with success.
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
        "http": "boxwood.lib.http_protocol:Protocol",
    }
    if config.workers == 1:
        from ..app import build

        uvicorn.Server(uvicorn.Config(build(config).asgi, **common)).run()
    else:
        settings = {name: getattr(config, name) for name in Config.__dataclass_fields__}
        os.environ["BOXWOOD_CONFIG"] = msgspec.json.encode(_plain(settings)).decode()
        with tempfile.TemporaryDirectory(prefix="boxwood-metrics-") as counts:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
            uvicorn.run(
                "boxwood.app:from_environment",
                factory=True,
                workers=config.workers,
                # A process that does not answer this long is killed. On a busy machine 5 s, the default, are too few.
                timeout_worker_healthcheck=60,
                **common,
            )


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in settings.items()}
