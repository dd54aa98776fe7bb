"""`boxwood worker`: sends webhooks and runs automations beside `boxwood serve`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import Any

from ..config import Config, only_in_environment, refusal_of_listener
from ..lib import jsonlog
from .options import add_address, add_connections, add_store, env, store_settings


def add(commands: Any) -> None:
    worker = commands.add_parser(
        "worker", help="send webhooks and run automations beside `boxwood serve` (PostgreSQL only)"
    )
    add_store(worker)
    add_address(worker)
    add_connections(worker)
    worker.add_argument(
        "--slots",
        type=int,
        default=int(env("SLOTS", "256")),
        help="maximum number of deliveries sent at the same time (256)",
    )
    worker.set_defaults(run=_work)


def _work(options: argparse.Namespace) -> None:
    from ..app import work

    if not options.database_url:
        sys.exit(
            "boxwood: `boxwood worker` needs PostgreSQL (--database-url); with SQLite, `boxwood serve` sends webhooks"
        )
    if options.slots < 1:
        sys.exit("boxwood: --slots must be 1 or more")
    if options.connections < 4:
        sys.exit("boxwood: --connections must be 4 or more")
    config = Config(
        **store_settings(options),
        host=options.host,
        port=options.port,
        connections=options.connections,
        allow_private_webhooks=options.allow_private_webhooks,
        mail_servers=options.mail_servers,
        mail_listen=options.mail_listen,
        mail_senders=options.mail_senders,
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        log_level=options.log_level,
        **only_in_environment(os.environ),
    )
    if why := refusal_of_listener(config):
        sys.exit(f"boxwood: {why}")
    jsonlog.start(config.log_level)
    asyncio.run(work(config, slots=options.slots))
