"""What agents cost is counted once, whoever counts, and survives a restart where the book does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws
from mypy_boto3_dynamodb.client import DynamoDBClient

from dynaslave.manager.costs import Book, Costs, DynamoBook, MemoryBook, MonthlyCost, ReadOnlyBook
from dynaslave.model import Instance
from jobdsl.aws.tables import create_table

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()


def instance(id: str, launched: float, *, pool: str = "linux", price: float = 3.6) -> Instance:
    return Instance(id, pool, "i1", "running", launched, price=price)


@pytest.fixture
def dynamo(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1")
        create_table(client, "dynaslave")
        create_table(client, "dynaslave")
        yield client


def test_a_second_costs_a_second() -> None:
    costs = Costs(MemoryBook())
    one = instance("i-1", NOON)
    for second in range(0, 201, 5):
        costs.poll([one], NOON + second)
    assert (costs.by_pool() or {}) == {"linux": pytest.approx(0.2)}


def test_the_first_minute_is_billed_whole() -> None:
    costs = Costs(MemoryBook())
    costs.poll([instance("i-1", NOON)], NOON + 5)
    costs.poll([], NOON + 10)
    assert (costs.by_pool() or {}) == {"linux": pytest.approx(0.06)}


def test_pools_are_apart() -> None:
    costs = Costs(MemoryBook())
    costs.poll([instance("i-1", NOON - 100), instance("i-2", NOON - 200, pool="gpu")], NOON)
    assert (costs.by_pool() or {}) == {"gpu": pytest.approx(0.2), "linux": pytest.approx(0.1)}


def restarted(book: Book) -> dict[str, float]:
    one = instance("i-1", NOON)
    first = Costs(book)
    first.poll([one], NOON + 100)
    first.flush(NOON + 100)
    second = Costs(book)
    second.poll([one, instance("i-2", NOON + 150)], NOON + 250)
    second.flush(NOON + 250)
    return second.by_pool() or {} or {}


def test_the_next_manager_goes_on_where_the_book_ends() -> None:
    assert restarted(MemoryBook()) == {"linux": pytest.approx(0.35)}


def test_a_table_keeps_the_book(dynamo: DynamoDBClient) -> None:
    book = DynamoBook(dynamo, "dynaslave", "main")
    assert book.read("2026-11") == MonthlyCost({}, 0.0)
    assert restarted(book) == {"linux": pytest.approx(0.35)}
    assert book.read("2026-11").dollars == {"linux": pytest.approx(0.35)}
    assert DynamoBook(dynamo, "dynaslave", "other").read("2026-11").dollars == {}


def test_a_month_ends_at_midnight() -> None:
    began = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
    book = MemoryBook()
    costs = Costs(book)
    one = instance("i-1", began - 500)
    costs.poll([one], began - 100)
    costs.poll([one], began + 100)
    assert costs.month == "2026-12"
    assert (costs.by_pool() or {}) == {"linux": pytest.approx(0.1)}


class Silent:
    def read(self, month: str) -> MonthlyCost:
        raise OSError("nobody answers")

    def add(self, month: str, dollars: object, until: float) -> None:
        raise OSError("nobody answers")


class BrokenBook(MemoryBook):
    """A book that cannot be read, or written, for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.readable = self.writable = True

    def read(self, month: str) -> MonthlyCost:
        if not self.readable:
            raise OSError("this month's costs cannot be read: AccessDeniedException")
        return super().read(month)

    def add(self, month: str, dollars: Mapping[str, float], until: float) -> None:
        if not self.writable:
            raise OSError("this month's costs cannot be written: AccessDeniedException")
        super().add(month, dollars, until)


def test_a_book_that_cannot_be_read_leaves_the_costs_unknown() -> None:
    book = BrokenBook()
    book.add("2026-11", {"linux": 100.0}, NOON)
    book.readable = False
    costs = Costs(book)
    one = instance("i-1", NOON - 1000)
    costs.poll([one], NOON + 100)
    assert (costs.by_pool(), costs.unread[:5]) == (None, "this ")
    book.readable = True
    costs.poll([one], NOON + 130)
    assert costs.by_pool() is None  # tried every minute
    costs.poll([one], NOON + 200)
    assert (costs.by_pool() or {}) == {"linux": pytest.approx(100.2)}
    assert costs.unread == ""


def test_a_book_that_cannot_be_written_says_so() -> None:
    book = BrokenBook()
    costs = Costs(book)
    book.writable = False
    for seconds in (0, 100):
        costs.poll([instance("i-1", NOON - 1000)], NOON + seconds)
    assert "cannot be written" in costs.unwritten
    book.writable = True
    costs.poll([instance("i-1", NOON - 1000)], NOON + 200)
    assert costs.unwritten == ""
    assert (costs.by_pool() or {}) == {"linux": pytest.approx(1.2)}


def test_who_only_looks_writes_nothing() -> None:
    book = MemoryBook()
    book.add("2026-11", {"linux": 1.0}, NOON)
    costs = Costs(ReadOnlyBook(book))
    costs.poll([instance("i-1", NOON)], NOON + 100)
    costs.flush(NOON + 100)
    assert (costs.by_pool() or {}) == {"linux": pytest.approx(1.1)}
    assert book.read("2026-11").dollars == {"linux": 1.0}
    nobody = Costs(None)
    nobody.poll([instance("i-1", NOON)], NOON + 100)
    nobody.flush(NOON + 100)
    assert nobody.by_pool() is None
