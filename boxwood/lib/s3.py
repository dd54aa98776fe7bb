"""Stores the bytes of files in S3 or a compatible store (MinIO, Garage, Ceph, R2, …), through obstore."""

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from .blobs import PIECE, Missing, Stored, StoreFailed, Tally, check_id, check_range, new_id

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Config, S3Credential, S3Store

# S3 accepts at most 10,000 parts, so a file has at most 80 GB. Two parts are in memory while they are sent, and a third
# is being filled.
PART = 8 * 1024 * 1024
PARALLEL = 2
FILES_AT_ONCE = 8
CODE = re.compile(r"<Code>(\w+)</Code>")


class S3:
    """A store in an S3 bucket. Without an `endpoint` it is Amazon's for the region. `patience` is the timeout in
    seconds without a byte."""

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
        check_id(blob)
        try:
            self._send(self.prefix + blob, tally)
        except Exception as error:
            if tally.failure is not None:
                raise tally.failure from None
            # Perhaps only the last reply was lost and the object exists. It would remain for ever: its id is unknown.
            with suppress(StoreFailed):
                self.delete(blob)
            raise self._failed(error) from error
        return tally.stored(blob)

    def write_many(self, contents: Mapping[str, bytes]) -> dict[str, Stored]:
        with ThreadPoolExecutor(FILES_AT_ONCE) as threads:
            stored = threads.map(lambda blob: self.write([contents[blob]], blob), contents)
            return dict(zip(contents, stored, strict=True))

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
        """Does nothing: a rule of the bucket removes unfinished uploads."""
        return 0

    def _send(self, name: str, tally: Tally) -> None:
        """Send a small file in one request, a larger file in parts. obstore removes the parts if one of them fails."""
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
        """The exception for an error of the store, with a short text. The library's own messages fill pages."""
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
        reason = code or str(error).split("\n", 1)[0].rsplit(" - ", 1)[-1]
        return StoreFailed(f"{self.where} does not answer as it should: {reason}")


def _connect(endpoint: str | None, bucket: str, key: str, secret: str, region: str, patience: float) -> "S3Store":
    try:
        from obstore.store import S3Store
    except ImportError:
        raise StoreFailed("files in S3 need another package: pip install 'boxwood[s3]'") from None

    def credentials() -> "S3Credential":
        return {"access_key_id": key, "secret_access_key": secret, "token": None, "expires_at": None}

    # obstore reads settings that are missing here from AWS_* in the environment, where a session token or an endpoint
    # may be meant for another program. The remaining settings (encryption, checksums) may come from there.
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
            "timeout": timedelta(hours=12),  # for a whole download, even if its reader is slow
        },
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=2 * patience)},
    )


def _range(start: int, end: int | None) -> "GetOptions":
    if end is not None:
        return {"range": (start, end)}
    # A range of an empty object is an error, even a range from its start.
    return {"range": {"offset": start}} if start else {}
