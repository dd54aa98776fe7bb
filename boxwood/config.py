"""The settings of a server. Each is an environment variable `BOXWOOD_…`, and most are an option of `boxwood serve`."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Config:
    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    database_url: str | None = None
    pooled: bool | None = None
    """Whether a pooler of connections is in front of PostgreSQL; None to find out."""
    listen_url: str | None = None
    """The URL of the same database without the pooler."""
    connections: int = 20
    """The connections of a process to PostgreSQL for its requests and jobs."""
    checkpoints: bool = True
    """Whether the server copies SQLite's log into the database. Otherwise a program such as Litestream does."""
    drain: int = 0
    """Milliseconds that a process goes on answering after SIGTERM, while it says that it is not ready."""
    workers: int = 1
    allow_private_webhooks: bool = False
    deliver: bool = True
    """Whether this process sends webhooks and runs automations. Otherwise `boxwood worker` does."""
    sample: bool = True
    tls_cert: str | None = None
    tls_key: str | None = None
    insecure_http: bool = False
    log_level: str = "info"
    max_file_size: int = 100_000_000
    """The maximum size of a file, in bytes."""
    rate_limit: str = ""
    """The rate limit of each API key, such as `10/s burst 50`; empty for no limit."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of our own proxies, whose header `X-Forwarded-For` is trusted."""
    allowed_hosts: tuple[str, ...] = ()
    """Further host names of this server; `*` for any."""
    cors_origins: tuple[str, ...] = ()
    """Web pages of other origins that may call the API with a key, such as https://app.example.com; `*` for all."""
    native_endpoints: int = 16
    """The maximum number of inbound webhooks and webhook steps of automations of a team, together; 0 for no limit."""
    subscriptions: int = 0
    """The maximum number of webhook subscriptions of a team; 0 for no limit."""
    base_url: str = ""
    """The public URL of the server, if it differs from `url`. Links in mails begin with it."""
    smtp_url: str = field(default="", repr=False)
    """The mail server, such as smtp://user:password@mail.example.com:587."""
    mail_from: str = ""
    backup_every: int = 0
    """Milliseconds between backups; 0 for none."""
    backup_keep: int = 28
    backup_to: Path | None = None
    oidc_issuer: str = ""
    """The URL of an OpenID Connect provider for signing in."""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_name: str = "single sign-on"
    oidc_domains: tuple[str, ...] = ()
    """E-mail domains whose users may sign in without an invitation."""
    oidc_trust_email: bool = False
    s3_bucket: str = ""
    """The bucket that stores the bytes of files. If it is empty, they are in `data`."""
    s3_endpoint: str | None = None
    s3_region: str = "us-east-1"
    s3_key: str = ""
    s3_secret: str = field(default="", repr=False)
    s3_prefix: str = ""

    mail_servers: tuple[tuple[str, int], ...] = ()
    """Hosts and ports of the operator's mail servers. Mailboxes may be there although the address is private."""
    mail_listen: tuple[str, str, int] | None = None
    """Protocol (lmtp or smtp), host and port at which mail servers deliver mail; None for no listener."""
    mail_senders: tuple[str, ...] = ()
    """Addresses and networks of the mail servers that may deliver, besides those of this machine."""
    google_client_id: str = ""
    google_client_secret: str = field(default="", repr=False)
    microsoft_client_id: str = ""
    microsoft_client_secret: str = field(default="", repr=False)
    microsoft_tenant: str = "common"
    mail_oauth_client_id: str = ""
    """The client at another provider of mailboxes that signs in with OAuth, and the provider's URLs."""
    mail_oauth_client_secret: str = field(default="", repr=False)
    mail_oauth_authorize_url: str = ""
    mail_oauth_token_url: str = ""
    mail_oauth_scope: str = ""
    secret_key_file: str = ""
    """The file of the keys that seal stored passwords. By default `secret.key` in `data`."""

    @property
    def key_file(self) -> Path:
        return Path(self.secret_key_file) if self.secret_key_file else self.data / "secret.key"

    @property
    def sqlite_path(self) -> str:
        return str(self.data / "boxwood.sqlite3")

    @property
    def postgres(self) -> dict[str, Any]:
        """How to use PostgreSQL: options of its engine."""
        return {"connections": self.connections, "pooled": self.pooled, "listen_url": self.listen_url}

    @property
    def is_local(self) -> bool:
        """Whether only programs on this machine can reach the server directly."""
        return _is_local(self.host)

    @property
    def certificate(self) -> tuple[str, str] | None:
        """The files of the certificate and of its key."""
        return (self.tls_cert, self.tls_key) if self.tls_cert and self.tls_key else None

    @property
    def url(self) -> str:
        scheme = "https" if self.tls_cert else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def only_in_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings that can only be given in the environment, because secrets are among them: every user of the machine
    can read a command line."""

    def given(name: str) -> str:
        return environ.get(f"BOXWOOD_{name.upper()}", "")

    names = [
        *("smtp_url", "mail_from"),
        *("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_name"),
        "secret_key_file",
        *("google_client_id", "google_client_secret"),
        *("microsoft_client_id", "microsoft_client_secret", "microsoft_tenant"),
        *("mail_oauth_client_id", "mail_oauth_client_secret", "mail_oauth_authorize_url", "mail_oauth_token_url"),
        "mail_oauth_scope",
        *("s3_bucket", "s3_endpoint", "s3_region", "s3_key", "s3_secret", "s3_prefix"),
    ]
    found: dict[str, Any] = {name: given(name) for name in names if given(name)}
    domains = (domain.strip().lower() for domain in given("oidc_domains").split(","))
    found["oidc_domains"] = tuple(domain for domain in domains if domain)
    found["oidc_trust_email"] = given("oidc_trust_email").lower() in ("1", "true", "yes", "on")
    return found


def refusal(config: Config) -> str:
    """Why a server must not start with these settings. Empty if it may."""
    if bool(config.tls_cert) != bool(config.tls_key):
        return "--tls-cert and --tls-key go together"
    if not (config.is_local or config.tls_cert or config.insecure_http):
        return (
            f"{config.host} can be reached from other machines, and API keys would cross the network in the clear. "
            "Give --tls-cert and --tls-key, or --insecure-http if a proxy in front terminates TLS."
        )
    if why := refusal_of_listener(config):
        return why
    if config.base_url and not config.base_url.startswith(("https://", "http://")):
        return "--url must be a URL such as https://crm.example.com"
    if not (config.deliver or config.database_url):
        return "--no-deliveries needs PostgreSQL: with SQLite, only this process can send webhooks"
    if config.connections < 4:
        return "--connections must be 4 or more"
    if config.workers < 1:
        return "--workers must be 1 or more"
    if config.workers > 1 and not config.database_url:
        return (
            "--workers above 1 needs PostgreSQL (--database-url): SQLite has a single writer, so several processes "
            "would only wait for each other."
        )
    if config.backup_every and (config.backup_to is None or config.backup_keep < 1):
        return "--backup-every needs --backup-to, and --backup-keep must be 1 or more"
    if config.oidc_issuer and not (config.oidc_client_id and config.oidc_client_secret):
        return "BOXWOOD_OIDC_ISSUER needs BOXWOOD_OIDC_CLIENT_ID and BOXWOOD_OIDC_CLIENT_SECRET"
    if config.oidc_issuer and not config.oidc_issuer.startswith(("https://", "http://")):
        return "BOXWOOD_OIDC_ISSUER must be a URL such as https://login.example.com"
    if config.mail_oauth_client_id and not (config.mail_oauth_authorize_url and config.mail_oauth_token_url):
        return "BOXWOOD_MAIL_OAUTH_CLIENT_ID needs BOXWOOD_MAIL_OAUTH_AUTHORIZE_URL and BOXWOOD_MAIL_OAUTH_TOKEN_URL"
    if config.native_endpoints < 0 or config.subscriptions < 0:
        return "--native-endpoints and --subscriptions must be 0 (no limit) or more"
    return ""


def refusal_of_listener(config: Config) -> str:
    """Why mail servers could not deliver with these settings. Empty if they can, or if there is no listener."""
    if config.mail_listen and not _is_local(config.mail_listen[1]) and not config.mail_senders:
        return "--mail-listen on this address needs --mail-senders: the mail servers that may deliver"
    return ""
