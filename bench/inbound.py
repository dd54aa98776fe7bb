"""Requests a second that an inbound webhook accepts, each stored on disk before the reply. `python -m bench inbound`

    python -m bench inbound [--database-url URL] [--rounds N]

Each request carries the shared secret (Standard Webhooks costs a hash more) and a unique id, is stored in the log, and
starts nothing. wrk creates the load with 64 connections. The limit, measured in the same rounds, is an ASGI application
that does nothing. The target is 2,000 a second.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import httpx

from bench.http import Load, bare, served, wrk

CALL = """
wrk.method = "POST"
wrk.body = '{"order": 7, "customer": "Ada", "items": [{"sku": "A-1", "count": 2}, {"sku": "B-2", "count": 1}]}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-Webhook-Secret"] = "a secret of the bench"
local number = 0
request = function()
    number = number + 1
    wrk.headers["X-Id"] = tostring(number) .. "-" .. tostring(os.time()) .. tostring({})
    return wrk.format()
end
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench inbound")
    parser.add_argument("--database-url")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as data,
        served(Path(data), options.database_url) as server,
        bare() as limit,
        httpx.Client(base_url=server.url, auth=(server.key, ""), trust_env=False) as client,
    ):
        pipeline = client.put("/api/v1/pipelines?name=Orders").raise_for_status().json()["key"]
        given = {"signature": "SHARED", "secret": "a secret of the bench", "repeatHeader": "X-Id"}
        hook = client.post(f"/api/v2/pipelines/{pipeline}/inbound", json=given).raise_for_status().json()
        url = server.url + "/hooks/" + hook["token"]
        taken: list[Load] = []
        limits: list[Load] = []
        for _ in range(options.rounds):
            limits.append(wrk(limit, limit.url, 64))
            taken.append(wrk(server, url, 64, CALL))
        listed = client.get(f"/api/v2/inbound/{hook['key']}/requests").raise_for_status().json()["results"]
        assert {request["verdict"] for request in listed} == {"ACCEPTED"}
    rate, most = (statistics.median(load.rate for load in loads) for loads in (taken, limits))
    p50, p99, cpu = (statistics.median(getattr(load, name) for load in taken) for name in ("p50", "p99", "cpu"))
    print(f"taken {rate:,.0f}/s (target 2,000), {rate / most:.2f} of bare ASGI's {most:,.0f}/s")
    print(f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, CPU {cpu:.0f} µs each")


if __name__ == "__main__":
    main()
