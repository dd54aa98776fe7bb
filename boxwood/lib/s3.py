"""File bytes in S3, or in anything that speaks it (MinIO, Garage, Ceph, R2 ...), through obstore."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from .blobs import PIECE, Missing, Stored, StoreFailed, Tally, check_id, check_range, new_id

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Config, S3Credential, S3Store

# S3 takes at most 10,000 parts, so a file is at most 80 GB; two parts of it are in memory at once, and one that fills.
PART = 8 * 1024 * 1024
PARALLEL = 2
CODE = re.compile(r"<Code>(\w+)</Code>")


class S3:
    """`endpoint` None is Amazon's own for the region. `patience`: seconds without a byte before we give up."""

    def __init__(
        self,
        endpoint: str | None,
        bucket: str,
        key: str,
        secret: str,
        region: str = "us-east-1",
        prefix: str = "",
        patience: float = 30.0,
    ) -> None:
        self.where = f"bucket {bucket} at {endpoint or 'Amazon S3'}"
        self.prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self.store = _connect(endpoint, bucket, key, secret, region, patience)

    def write(self, chunks: Iterable[bytes], blob: str | None = None) -> Stored:
        blob, tally = blob or new_id(), Tally(chunks)
        try:
            self._send(self.prefix + blob, tally)
        except Exception as error:
            if tally.failure is not None:
                raise tally.failure from None
            # The last reply may be what was lost, with the object there: nobody would ever know its id.
            with suppress(StoreFailed):
                self.delete(blob)
            raise self._failed(error) from error
        return tally.stored(blob)

    def read(self, blob: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        from obstore import get

        check_id(blob)
        if start < 0 or (end is not None and end <= start):
            check_range(self.size(blob), start, end)
            return iter(())
        try:
            answer = get(self.store, self.prefix + blob, options=_range(start, end))
        except Exception as error:
            raise self._failed(error, blob) from error
        check_range(answer.meta["size"], start, end)
        return self._pieces(answer.stream(PIECE))

    def size(self, blob: str) -> int:
        from obstore import head

        check_id(blob)
        try:
            return head(self.store, self.prefix + blob)["size"]
        except Exception as error:
            raise self._failed(error, blob) from error

    def delete(self, blob: str) -> None:
        from obstore import delete

        check_id(blob)
        try:
            delete(self.store, self.prefix + blob)
        except FileNotFoundError:
            return
        except Exception as error:
            raise self._failed(error) from error

    def sweep(self, before: float) -> int:
        """Nothing: a bucket has a rule that aborts uploads left unfinished."""
        return 0

    def _send(self, name: str, tally: Tally) -> None:
        """Small files in one request, others in parts as they come; obstore takes the parts back if one fails."""
        from obstore import put

        first = bytearray()
        for chunk in tally:
            first += chunk
            if len(first) >= PART:
                parts = chain([bytes(first)], tally)
                put(self.store, name, parts, chunk_size=PART, max_concurrency=PARALLEL)
                return
        put(self.store, name, bytes(first), use_multipart=False)

    def _pieces(self, stream: Iterable[bytes]) -> Iterator[bytes]:
        try:
            for piece in stream:
                yield bytes(piece)
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception, blob: str = "") -> Exception:
        """What the store said, in a sentence; the library's own message runs to pages."""
        from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

        code = "".join(CODE.findall(str(error))[:1])
        if code == "InvalidRange":
            return ValueError(f"bytes that {blob} does not have")
        if isinstance(error, FileNotFoundError) and blob and code != "NoSuchBucket":
            return Missing(blob)
        if isinstance(error, FileNotFoundError):
            return StoreFailed(f"there is no {self.where}")
        if isinstance(error, PermissionDeniedError | UnauthenticatedError):
            return StoreFailed(f"{self.where} refuses this key and secret{code and f' ({code})'}")
        said = code or str(error).split("\n", 1)[0].rsplit(" - ", 1)[-1]
        return StoreFailed(f"{self.where} does not answer as it should: {said}")


def _connect(endpoint: str | None, bucket: str, key: str, secret: str, region: str, patience: float) -> "S3Store":
    try:
        from obstore.store import S3Store
    except ImportError:
        raise StoreFailed("files in S3 need one package more: pip install 'boxwood[s3]'") from None

    def credentials() -> "S3Credential":
        return {"access_key_id": key, "secret_access_key": secret, "token": None, "expires_at": None}

    # obstore reads AWS_* from the environment for whatever is not given here: a session token or an endpoint
    # meant for another program would win over our settings. What is left (encryption, checksums) may be set there.
    config: S3Config = {"region": region, "skip_signature": False, "s3_express": False}
    config["virtual_hosted_style_request"] = endpoint is None
    if endpoint:
        config["aws_endpoint_url_s3"] = endpoint
    return S3Store(
        bucket,
        config=config,
        credential_provider=credentials,
        client_options={
            "allow_http": endpoint is not None and endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=min(5.0, patience)),
            "read_timeout": timedelta(seconds=patience),
            "timeout": timedelta(hours=12),  # a whole download, however slow its reader
        },
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=2 * patience)},
    )


def _range(start: int, end: int | None) -> "GetOptions":
    if end is not None:
        return {"range": (start, end)}
    # A range over an empty object is an error, "from the start" included.
    return {"range": {"offset": start}} if start else {}
