"""Services that all calls of a server share: the engine, limits, the file store, caches and queues."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from ...core.context import Ctx
from ...core.import_export.team_export import TeamScope
from ...core.views.selections import Wish
from ...db.engine import Db, Engine
from ...lib.address_rules import Rules
from ...lib.blobs import Blobs
from ...lib.oauth import Provider
from ...lib.password_queue import Queue
from ...lib.remote_images import RemoteImages
from ...lib.secret_keys import SecretKeys
from .answer_cache import Answers
from .bells import Bells
from .bodies import PATIENCE
from .failures import Failures
from .limits import Limits
from .router import Router
from .usage import Usage

T = TypeVar("T")
FILE_THREADS = 64  # each upload holds one for as long as its sender takes
# A message of 40 MB takes five times as much memory while it is read, and a second of the processor.
HEAVY_AT_ONCE = 2


class Services:
    def __init__(
        self,
        engine: Engine,
        router: Router,
        clock: Callable[[], int],
        rules: Rules,
        store: Blobs,
        max_file_size: int,
        limits: Limits | None = None,
        most_endpoints: int = 16,
        most_subscriptions: int = 0,
        base_url: str = "",
        cors_origins: Sequence[str] = (),
    ) -> None:
        self.engine = engine
        self.base_url = base_url.rstrip("/")
        """The public URL of the server, if the operator set it."""
        self.cors_origins = cors_origins
        """The origins whose pages may call the API with every key."""
        self.patience = PATIENCE
        """How many seconds the sender of a body may pause."""
        self.limits = limits or Limits(engine)
        self.most_endpoints, self.most_subscriptions = most_endpoints, most_subscriptions
        """Native endpoints and event subscriptions of a team; 0 for no limit."""
        self.router = router
        self.reference: Callable[[], dict[str, Any]] = dict
        """Returns the OpenAPI document, without the address of a server."""
        self.clock = clock
        self.rules = rules
        self.store = store
        self.max_file_size = max_file_size
        self._threads = ThreadPoolExecutor(FILE_THREADS, thread_name_prefix="files")
        self._heavy = asyncio.Semaphore(HEAVY_AT_ONCE)
        self.inline = engine.one_process
        self.usage = Usage(clock, self.limits.source)
        self.uses: dict[str, int] = {}
        """When each API key was last used, until a job stores it."""
        self.seen: dict[str, int] = {}  # the same for sessions
        self.guesses = Queue()
        self.remote_images = RemoteImages(rules)
        self.failures = Failures(engine, clock)
        self.provider = ""  # the name of the OpenID Connect provider, if there is one
        self.team_archive: Callable[[Callable[[Ctx], TeamScope], int], Iterator[Callable[[Ctx], bytes]]]
        """Returns the pieces of an archive of a team. The application sets it."""
        self.keys = SecretKeys(Path("secret.key"))
        """The keys of passwords and tokens that are stored. The application sets them."""
        self.mail_providers: dict[str, Provider] = {}
        """Where mailboxes can sign in without a password, by name."""
        self.mail_tls: ssl.SSLContext | None = None
        """How certificates of mail servers are checked, if not as usual."""
        self.wishes: set[Wish] = set()
        """Fields of filters and orders, until a job creates their indexes."""
        self.bells = Bells(engine)
        self.answer_cache = Answers()

    def context(self, db: Db, call: Any) -> Ctx:
        """The user and the time of the call. The application implements it."""
        raise NotImplementedError

    async def aside(self, fn: Callable[..., T], *given: Any) -> T:
        """Run `fn` in a thread for files, where waiting for the disk, the bucket or the sender blocks no other
        request."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, fn, *given)

    async def heavy(self, fn: Callable[..., T], *given: Any) -> T:
        """Run `fn` in a thread, with at most HEAVY_AT_ONCE such calls, because each needs much memory."""
        async with self._heavy:
            return await self.aside(fn, *given)

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.limits.close()
