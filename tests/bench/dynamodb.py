"""DynamoDB stubbed below botocore: requests are made, signed and parsed as ever, and answered at once or after a
network's latency. It counts calls and write units, and keeps what an index would give back."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

from cobranza.store import aws, keys

type Index = Callable[[str, int], bytes]

KB = 1024
INDEXED = ("pk", "sk", "book", "digest", "balance", "currency", "due_date", "as_of", "rev", "source")
PAGE = 900 * KB
IN_PAGE = 2_000
NOTHING = b'{"Items":[],"Count":0}'
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _nobodys(book: str, number: int) -> bytes:
    return NOTHING


@dataclass
class Stub:
    """`latency` in seconds for each call. `index` answers a query of a partition of the book with its page of that
    number. While `records` is on, inserted debts go into the index."""

    latency: float = 0.0
    records: bool = False
    calls: Counter[str] = field(default_factory=Counter[str])
    items: int = 0
    wru: float = 0.0
    index: Index = field(default=_nobodys)
    _book: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])

    def client(self) -> Any:
        """As functions have it."""
        made = aws.made("dynamodb", **OPTIONS)
        made.meta.events.register("before-send.dynamodb", self._answer)
        return made

    def table(self) -> Any:
        """The resource's table, as the plain importer has it."""
        dynamodb: Any = boto3.resource("dynamodb", **OPTIONS)
        made = dynamodb.Table("ledger")
        made.meta.client.meta.events.register("before-send.dynamodb", self._answer)
        return made

    def add(self, other: "Stub") -> None:
        """What another process counted."""
        self.calls += other.calls
        self.items += other.items
        self.wru += other.wru

    def close_book(self) -> None:
        """What was recorded becomes the pages of the index."""
        known: dict[str, list[bytes]] = {}
        for book, items in self._book.items():
            pages = known[book] = list[bytes]()
            size, page = 0, list[dict[str, Any]]()
            for item in items:
                page.append(item)
                size += len(json.dumps(item))
                if size > PAGE:
                    pages.append(_page(page, more=True))
                    size, page = 0, []
            pages.append(_page(page, more=False))
        self.index = lambda book, number: known[book][number] if book in known else NOTHING
        self._book = {}
        self.records = False

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        self.calls[operation] += 1
        if self.latency:
            time.sleep(self.latency)
        body = getattr(self, f"_{operation}", self._nothing)(request.body)
        headers = {"content-type": "application/x-amz-json-1.0", "content-length": str(len(body))}
        return AWSResponse(request.url, 200, headers, Raw(body))

    def _nothing(self, body: bytes) -> bytes:
        return b"{}"

    def _UpdateItem(self, body: bytes) -> bytes:
        self.items += 1
        self.wru += 1
        return b'{"Attributes":{}}'

    def _PutItem(self, body: bytes) -> bytes:
        self.items += 1
        self.wru += 1
        return b"{}"

    def _BatchWriteItem(self, body: bytes) -> bytes:
        count = body.count(b'"PutRequest"')
        self.items += count
        self.wru += count
        return b'{"UnprocessedItems":{}}'

    def _BatchGetItem(self, body: bytes) -> bytes:
        return b'{"Responses":{}}'

    def _BatchExecuteStatement(self, body: bytes) -> bytes:
        count = body.count(b'"Statement":')
        self.items += count
        # Indexed writes cost one unit more: debts that are open, profiles with a plan.
        self.wru += count + body.count(b"'book'") + body.count(b"'due_at'")
        if self.records:
            for each in json.loads(body)["Statements"]:
                names = re.findall(r"'([^']+)': \?", each["Statement"])
                item = dict(zip(names, each["Parameters"], strict=True))
                if "book" in item:
                    told = {name: item[name] for name in INDEXED}
                    self._book.setdefault(item["book"]["S"], []).append(told)
        return b'{"Responses":[' + b",".join([b"{}"] * count) + b"]}"

    def _Query(self, body: bytes) -> bytes:
        asked = json.loads(body)
        book = asked["ExpressionAttributeValues"].get(":book", {}).get("S", "")
        if not book:
            return NOTHING
        start = int(asked.get("ExclusiveStartKey", {}).get("pk", {}).get("S", "0"))
        return self.index(book, start).replace(b'"NEXT"', json.dumps(str(start + 1)).encode())


class Raw:
    """A body that urllib3 would have read."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Any:
        yield self._body

    def read(self, *_: Any, **__: Any) -> bytes:
        body, self._body = self._body, b""
        return body


def invented(size: int) -> Index:
    """An index of so many open debts that no file lists; a page is made when it is asked for."""
    in_shard = size // keys.BOOK_SHARDS

    def page(book: str, number: int) -> bytes:
        shard = int(book.rpartition("#")[2])
        start, end = number * IN_PAGE, min((number + 1) * IN_PAGE, in_shard)
        return _page([_open_debt(book, shard, each) for each in range(start, end)], more=end < in_shard)

    return page


def _open_debt(book: str, shard: int, number: int) -> dict[str, Any]:
    borrower = f"{LETTERS[shard]}{'ABCDEFGH' * 2}{number:09}"
    told = keys.debt(borrower, f"uno#F-{number}#") | {"book": book, "digest": f"{number:032x}"}
    told |= {"currency": "MXN", "as_of": "2026-11-01T12:00:00Z", "source": LETTERS[:26]}
    return {name: {"S": text} for name, text in told.items()} | {"balance": {"N": "100.25"}, "rev": {"N": "1"}}


def _page(items: list[dict[str, Any]], *, more: bool) -> bytes:
    page: dict[str, Any] = {"Items": items, "Count": len(items)}
    if more:
        page["LastEvaluatedKey"] = {"pk": {"S": "NEXT"}}
    return json.dumps(page).encode()


OPTIONS: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "bench",
    "aws_secret_access_key": "bench",
}
