"""A server that speaks S3, as a process of its own: moto's, which checks signatures and knows multipart uploads."""

import json
import os
import socket
import subprocess
import sys
import time
from typing import Any, NamedTuple

import boto3

BUCKET = "boxwood-files"
ANYTHING_IN_S3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
# The calls of `_furnish`; from the next one on every request must be signed by a key that exists.
UNSIGNED_CALLS = 4


class Server(NamedTuple):
    process: subprocess.Popen[bytes]
    endpoint: str
    key: str
    secret: str
    client: Any  # another library's eyes on the same bucket

    def objects(self) -> list[str]:
        return [found["Key"] for found in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def unfinished(self) -> list[str]:
        return [found["Key"] for found in self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def start() -> Server:
    port = _free_port()
    endpoint = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(UNSIGNED_CALLS)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(process, port)
        key, secret = _furnish(endpoint)
        return Server(process, endpoint, key, secret, _client("s3", endpoint, key, secret))
    except BaseException:
        process.kill()
        process.wait()
        raise


def _furnish(endpoint: str) -> tuple[str, str]:
    iam = _client("iam", endpoint)
    iam.create_user(UserName="boxwood")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [ANYTHING_IN_S3]})
    iam.put_user_policy(UserName="boxwood", PolicyName="files", PolicyDocument=policy)
    made = iam.create_access_key(UserName="boxwood")["AccessKey"]
    _client("s3", endpoint).create_bucket(Bucket=BUCKET)
    return made["AccessKeyId"], made["SecretAccessKey"]


def _client(service: str, endpoint: str, key: str = "no-user", secret: str = "nothing") -> Any:
    session = boto3.session.Session(key, secret, region_name="us-east-1")
    return session.client(service, endpoint_url=endpoint)


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise RuntimeError(f"moto ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("moto did not listen within 120 s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
