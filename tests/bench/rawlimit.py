"""The raw limit: logs downloaded range by range over one connection and parsed, nothing else.

`python -m tests.bench.rawlimit URL ADDRESS BLOCKS` prints a JSON object. One process, one kept
connection, one request after the other, msgspec's typed JSON: what nobody can be faster than who
does the work in this order.
"""

import http.client
import json
import sys
import time
from urllib.parse import urlsplit

import msgspec

RANGE = 100  # blocks


class LogJson(msgspec.Struct, rename="camel"):
    """What the project's own reader takes of a log."""

    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    transaction_index: str
    log_index: str


class AnswerJson(msgspec.Struct):
    """An answer to `eth_getLogs`; one that is an error has no `result` and is refused."""

    result: list[LogJson]


class Result(msgspec.Struct):
    """What was read, and how long it took."""

    logs: int
    bytes: int
    seconds: float


def measure(url: str, address: str, blocks: int) -> Result:
    """Download the logs of blocks 1 to `blocks`."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.connect()
    decoder = msgspec.json.Decoder(AnswerJson)
    result = Result(0, 0, 0.0)
    started = time.perf_counter()
    for first in range(1, blocks + 1, RANGE):
        last = min(first + RANGE - 1, blocks)
        wanted = {"address": address, "fromBlock": hex(first), "toBlock": hex(last)}
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [wanted]}
        body = json.dumps(call).encode()
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        said = connection.getresponse().read()
        result.logs += len(decoder.decode(said).result)
        result.bytes += len(said)
    result.seconds = time.perf_counter() - started
    connection.close()
    return result


if __name__ == "__main__":
    print(msgspec.json.encode(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))).decode())
