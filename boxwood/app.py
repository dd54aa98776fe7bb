"""The application: builds a server from its settings. It connects the API, the UI and the jobs to the database."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import re
import signal
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .api.form_pages import FormPages
from .api.http import metrics, replies, sending
from .api.http.access_log import Observed
from .api.http.app import Api
from .api.http.cors import with_cors
from .api.http.hosts import Hosts
from .api.http.limits import Limits
from .api.http.openapi import describe
from .api.http.router import Router
from .api.inbound_door import PREFIX, Door
from .api.mail_door import PREFIXES, MailDoor
from .api.mail_permission import MailPermission
from .api.mcp.door import PATH as MCP
from .api.mcp.door import Door as McpDoor
from .api.oauth import AppAuthorization
from .api.oidc import Provider
from .api.routes import ROUTES
from .config import Config
from .core import backlog, cel, events, listeners, mail_settings
from .core.history import event_stream
from .core.pipelines import formulas as pipeline_formulas
from .db.engine import Db, Engine
from .db.open import open_engine
from .jobs import (
    audit,
    automations,
    backups,
    digests,
    field_indexes,
    formulas,
    hits,
    imports,
    letter_sending,
    mailboxes,
    mailings,
    outgoing_mail,
    sequences,
    streak_runs,
    task_due,
    team_archives,
    upkeep,
    webhooks,
)
from .lib import draining, html_cleaning, jsonlog, oauth, tokens
from .lib.address_rules import Rules
from .lib.blobs import Blobs, Disk
from .lib.client_address import read_networks
from .lib.clock import now_ms
from .lib.oidc import Client
from .lib.rates import read_rate
from .lib.secret_keys import SecretKeys
from .web import pages, reference, texts
from .wire import v1

log = logging.getLogger("boxwood.app")


class Boxwood:
    """A server: the database engine, the ASGI application, and the jobs that run beside it."""

    def __init__(self, config: Config, engine: Engine, clock: Callable[[], int] = now_ms) -> None:
        listeners.connect()
        self.config = config
        self.engine = engine
        self.rules = rules(config)
        self.store = open_store(config)
        self.keys = SecretKeys(config.key_file)
        self.limits = Limits(
            engine,
            read_rate(config.rate_limit) if config.rate_limit else None,
            read_networks(config.trusted_proxies),
        )
        self.api = Api(
            engine,
            Router(ROUTES),
            clock,
            self.rules,
            self.store,
            config.max_file_size,
            self.limits,
            config.native_endpoints,
            config.subscriptions,
            config.base_url,
            config.cors_origins,
        )
        self._document: dict[str, Any] = {}
        self.api.reference = self._reference
        self.api.keys = self.keys
        self.api.team_archive = partial(team_archives.pieces, self.store)
        self.api.mail_providers = mail_providers(config)
        self.hosts = Hosts(
            bound=config.host,
            is_local=config.is_local,
            base_url=config.base_url,
            allowed=config.allowed_hosts,
            proxies=self.limits.proxies,
            stored_url=self._stored_url,
        )
        self.door = Door(engine, self.limits, clock)
        self.mail_door = MailDoor(engine, clock)
        # Operations of an assistant are counted like requests of its key.
        operations = Observed(self.api, self.api.usage)
        self.mcp = McpDoor(operations, self.hosts, self.public_url, config.cors_origins)
        self.provider = Provider(self.api, provider(config))
        self.api.provider = config.oidc_name if config.oidc_issuer else ""
        self.clock = clock
        self.site = Starlette(
            routes=[
                Route("/healthz", self.healthy),
                Route("/readyz", self.ready),
                Route("/metrics", self.metrics),
                Route("/openapi.json", self.document),
                *self.provider.routes(),
                *MailPermission(self.api).routes(),
                *FormPages(self.api).routes(),
                *AppAuthorization(self.api, lambda request: self.public_url(request.scope)).routes(),
                *texts.routes(self._reference, lambda request: self.public_url(request.scope)),
                *reference.routes(),
                *pages.routes(),
            ],
            exception_handlers={404: pages.missing, 405: pages.wrong_method},
            lifespan=self.lifespan,
        )
        called = with_cors(self._call, config.cors_origins) if config.cors_origins else self._call
        self._called: ASGIApp = called
        self.asgi: ASGIApp = Observed(self.dispatch, self.api.usage)

    async def dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse requests for other hosts. Pass requests to the API, inbound webhooks and the MCP server directly, and
        all others to Starlette. `/healthz` answers for every host: health checks may use any name. So do the links in
        letters, which may have a host name of their own, and hold a secret that no other page knows."""
        if scope["type"] != "http":
            await self.site(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(PREFIXES):
            await self.mail_door(scope, receive, send)
            return
        is_ours = not self.hosts.checks or self.hosts.knows(scope) or path == "/healthz"
        if not is_ours and (refusal := await self.hosts.refusal(scope)):
            await sending.send(send, refusal, scope)
        elif _CALLED(path):
            await self._called(scope, receive, send)
        elif path == "/openapi.json" and (team := v1.read_query(scope["query_string"].decode("latin-1")).get("team")):
            path = f"/api/v2/teams/{team}/openapi"
            await self._called({**scope, "path": path, "raw_path": path.encode(), "query_string": b""}, receive, send)
        elif forgotten := _WITHOUT_API.match(path):
            error = f"There is nothing at /{forgotten[1]}: the paths of the API begin with /api/{forgotten[1]}"
            await sending.send(send, replies.error(404, error), scope)
        else:
            await self.site(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        app = self.door if path.startswith(PREFIX) else self.mcp if path.startswith(MCP) else self.api
        await app(scope, receive, send)

    async def public_url(self, scope: Scope) -> str:
        """The URL of the server for its clients: the public one if it is set, otherwise the one that this request
        reached."""
        stored = await self.engine.read_soon(mail_settings.public_url)
        return (self.config.base_url or stored or self.hosts.reached_url(scope)).rstrip("/")

    async def _stored_url(self) -> str:
        return (await self.engine.read_soon(mail_settings.find)).base_url

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        await self.engine.write_soon(event_stream.renumber)
        await self.engine.write_soon(lambda db: events.skip_ahead(db, self.clock()))
        if await self.engine.write_soon(self._adopt_mail):
            await asyncio.to_thread(self.engine.empty_log)
        _before_shutdown(self.api.bells.close)
        if self.config.drain and threading.current_thread() is threading.main_thread():
            draining.at_sigterm(self.config.drain / 1000)
        jobs = [
            asyncio.create_task(upkeep.run(self.engine, self._note_uses, self.store, self.clock)),
            asyncio.create_task(task_due.run(self.engine, self.clock)),
            asyncio.create_task(outgoing_mail.run(self.engine, self.keys, self.clock)),
            asyncio.create_task(hits.run(self.engine, self.clock)),
            asyncio.create_task(digests.run(self.engine, self.clock)),
            asyncio.create_task(audit.run(self.engine, self.clock)),
            asyncio.create_task(field_indexes.run(self.engine, self.api.wishes)),
            asyncio.create_task(formulas.run(self.engine, self.clock)),
            asyncio.create_task(imports.run(self.engine, self.store, self.clock)),
            asyncio.create_task(streak_runs.run(self.engine, self.store, self.keys, self.rules, self.clock)),
            *self._backups(),
        ]
        try:
            async with contextlib.AsyncExitStack() as stack:
                if self.config.deliver:
                    await stack.enter_async_context(webhooks.running(self.engine, self.rules, self.clock))
                    await stack.enter_async_context(automations.running(self.engine, self.rules, self.clock))
                    providers = self.api.mail_providers
                    read_mail = mailboxes.running(self.engine, self.store, self.keys, providers, self.rules, self.clock)
                    await stack.enter_async_context(read_mail)
                    send = letter_sending.running(self.engine, self.store, self.keys, providers, self.rules, self.clock)
                    await stack.enter_async_context(send)
                    await stack.enter_async_context(mailings.running(self.engine, self.clock))
                    await stack.enter_async_context(sequences.running(self.engine, self.clock))
                if self.config.mail_listen:
                    await stack.enter_async_context(mail_listener(self.config, self.engine, self.store, self.clock))
                yield
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            await self.mcp.close()
            await asyncio.to_thread(self._note_uses)
            await self.api.remote_images.close()
            await asyncio.to_thread(self.api.close)
            await asyncio.to_thread(self.engine.close)
            await asyncio.to_thread(pipeline_formulas.ENGINE.close)
            await asyncio.to_thread(cel.ENGINE.close)
            await asyncio.to_thread(tokens.ENGINE.close)
            await asyncio.to_thread(html_cleaning.ENGINE.close)

    def _note_uses(self) -> None:
        """Store what API keys and sessions were used for."""
        upkeep.note_uses(self.engine, self.api.uses, self.api.seen)
        self.api.usage.store(self.engine.write)

    def _adopt_mail(self, db: Db) -> bool:
        config = self.config
        url = (config.base_url or config.url).rstrip("/")
        return mail_settings.adopt(db, self.keys, config.smtp_url, config.mail_from, url, known=bool(config.base_url))

    def _backups(self) -> list[asyncio.Task[None]]:
        config = self.config
        if not config.backup_every or config.backup_to is None:
            return []
        source = backup_source(config, self.store)
        run = backups.run(source, config.backup_to, config.backup_every, config.backup_keep, self.clock)
        return [asyncio.create_task(run)]

    async def healthy(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Whether the database replies within 5 seconds and can be written: status 200 or 503."""
        if draining.is_on():
            return JSONResponse({"status": "stopping"}, 503)
        try:
            await asyncio.wait_for(self.engine.write_soon(partial(backlog.try_to_write, now=self.clock())), 5)
        except Exception as error:
            return JSONResponse({"status": "unavailable", "error": str(error)}, 503)
        return JSONResponse({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        """The metrics of the server. If there are several worker processes, of all of them together."""
        try:
            async with asyncio.timeout(5):
                metrics.show(*await self.engine.read_soon(lambda db: metrics.read(db, self.clock())))
        except Exception as error:
            log.warning("metrics of the database are outdated, because it cannot be read: %s", error)
        registry = REGISTRY
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    def _reference(self) -> dict[str, Any]:
        self._document = self._document or describe(ROUTES)
        return self._document

    async def document(self, request: Request) -> Response:
        """The OpenAPI document. Its server is named by a whole URL, which programs that import the document need."""
        shown = {**self._reference(), "servers": [{"url": f"{await self.public_url(request.scope)}/api"}]}
        return Response(msgspec.json.encode(shown), media_type="application/json")


# Several slashes are accepted, for clients whose base URL ends in a slash.
_CALLED = re.compile("/+api(?:/|$)|/hooks/|/mcp/?$").match
_WITHOUT_API = re.compile(r"/+(v[12])(?:/.*)?\Z", re.DOTALL)


def _before_shutdown(close: Callable[[], None]) -> None:
    """Run `close` at SIGTERM and SIGINT, before uvicorn waits for open responses: streams would never end otherwise."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        was = signal.getsignal(sign)

        def stop(number: int, frame: Any, was: Any = was) -> None:
            loop.call_soon_threadsafe(close)
            if callable(was):
                was(number, frame)

        signal.signal(sign, stop)


def open_store(config: Config) -> Blobs:
    """The store of the files' bytes: the S3 bucket if one is configured, otherwise a folder in the data directory."""
    if not config.s3_bucket:
        return Disk(config.data / "files")
    from .lib.s3 import S3

    return S3(
        config.s3_endpoint,
        config.s3_bucket,
        config.s3_key,
        config.s3_secret,
        config.s3_region,
        config.s3_prefix,
    )


def backup_source(config: Config, store: Blobs) -> backups.Source:
    return backups.Source(
        config.listen_url or config.database_url, config.sqlite_path, config.data, store, not config.s3_bucket
    )


def provider(config: Config) -> Client | None:
    """The OpenID Connect provider for signing in, or None if none is configured."""
    if not config.oidc_issuer:
        return None
    return Client(
        issuer=config.oidc_issuer,
        client_id=config.oidc_client_id,
        client_secret=config.oidc_client_secret,
        name=config.oidc_name,
        domains=config.oidc_domains,
        trusts_email=config.oidc_trust_email,
    )


def mail_providers(config: Config) -> dict[str, oauth.Provider]:
    """The providers at which the operator registered this server, by name."""
    found = []
    if config.google_client_id:
        found.append(oauth.google(config.google_client_id, config.google_client_secret))
    if config.microsoft_client_id:
        client = config.microsoft_client_id, config.microsoft_client_secret
        found.append(oauth.microsoft(*client, config.microsoft_tenant))
    if config.mail_oauth_client_id:
        found.append(
            oauth.Provider(
                name="other",
                client_id=config.mail_oauth_client_id,
                client_secret=config.mail_oauth_client_secret,
                authorize_url=config.mail_oauth_authorize_url,
                token_url=config.mail_oauth_token_url,
                scope=config.mail_oauth_scope,
            )
        )
    return {provider.name: provider for provider in found}


def mail_listener(
    config: Config, engine: Engine, store: Blobs, clock: Callable[[], int]
) -> contextlib.AbstractAsyncContextManager[Any]:
    """The listener that mail servers deliver to."""
    from .jobs import mail_listener

    assert config.mail_listen is not None
    listen, senders, shared = config.mail_listen, config.mail_senders, config.workers > 1
    return mail_listener.running(engine, store, clock, listen, senders, config.certificate, shared=shared)


def rules(config: Config) -> Rules:
    """The rules for addresses that webhooks may call. The server's own address is never allowed."""
    return Rules(
        allow_private=config.allow_private_webhooks,
        own=frozenset({(config.host, config.port)}),
        mail_servers=frozenset(config.mail_servers),
    )


async def work(config: Config, *, slots: int) -> None:
    """Run `boxwood worker`: send webhooks and run automations until SIGTERM or SIGINT. At most `slots` deliveries are
    sent at the same time."""
    listeners.connect()
    engine = open_engine(config.database_url, config.sqlite_path, **config.postgres)
    engine.write(lambda db: events.skip_ahead(db, now_ms()))
    stopped = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
    store, keys = open_store(config), SecretKeys(config.key_file)
    try:
        async with (
            webhooks.running(engine, rules(config), now_ms, concurrency=slots),
            automations.running(engine, rules(config), now_ms),
            mailboxes.running(engine, store, keys, mail_providers(config), rules(config), now_ms),
            letter_sending.running(engine, store, keys, mail_providers(config), rules(config), now_ms),
            mailings.running(engine, now_ms),
            sequences.running(engine, now_ms),
            mail_listener(config, engine, store, now_ms) if config.mail_listen else contextlib.nullcontext(),
        ):
            await stopped.wait()
    finally:
        await asyncio.to_thread(engine.close)


def build(config: Config) -> Boxwood:
    """Create the server, and tune the garbage collection of this process."""
    engine = open_engine(config.database_url, config.sqlite_path, checkpoints=config.checkpoints, **config.postgres)
    boxwood = Boxwood(config, engine)
    # The code creates hardly any reference cycles, and searching for them took two fifths of an import's time. So the
    # objects of the start are never searched, and later objects less often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    return boxwood


def from_environment() -> ASGIApp:
    """The application of a worker process. The main process passes the settings in the environment."""
    settings = msgspec.json.decode(os.environ["BOXWOOD_CONFIG"])
    folder = settings["backup_to"]
    servers = tuple((host, port) for host, port in settings["mail_servers"])
    given: dict[str, Any] = {
        "data": Path(settings["data"]),
        "backup_to": Path(folder) if folder else None,
        "mail_servers": servers,
    }
    given["mail_listen"] = tuple(settings["mail_listen"] or ()) or None
    config = Config(**{**settings, **given})
    jsonlog.start(config.log_level)
    return build(config).asgi
