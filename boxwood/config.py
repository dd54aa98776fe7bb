"""Settings: each an option of `boxwood serve` and an environment variable `BOXWOOD_…`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Config:
    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    database_url: str | None = None
    workers: int = 1
    allow_private_webhooks: bool = False
    deliver: bool = True
    """Whether this process sends webhooks itself; otherwise `boxwood worker` does."""
    sample: bool = True
    tls_cert: str | None = None
    tls_key: str | None = None
    insecure_http: bool = False
    log_level: str = "info"
    max_file_size: int = 100_000_000
    """Bytes of one file."""
    rate_limit: str = ""
    """What each API key may ask, such as `10/s burst 50`; empty for no limit."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of our own proxies, whose `X-Forwarded-For` is believed."""
    s3_bucket: str = ""
    """Where file bytes go; without one they are in `data`."""
    s3_endpoint: str | None = None
    s3_region: str = "us-east-1"
    s3_key: str = ""
    s3_secret: str = field(default="", repr=False)
    s3_prefix: str = ""

    @property
    def sqlite_path(self) -> str:
        return str(self.data / "boxwood.sqlite3")

    @property
    def url(self) -> str:
        scheme = "https" if self.tls_cert else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"
