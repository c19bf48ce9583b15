from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.bus import MAX_BYTES, MOST, Bus, Entry, calls

AT = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


@dataclass
class FakeEvents:
    """Takes every entry except those whose place in the whole row is in `refused`."""

    refused: set[int] = field(default_factory=set[int])
    calls: list[list[dict[str, Any]]] = field(default_factory=list[list[dict[str, Any]]])

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        start = sum(map(len, self.calls))
        self.calls.append(Entries)
        places = range(start, start + len(Entries))
        answers = [
            {"ErrorCode": "ThrottlingException"} if place in self.refused else {"EventId": f"e-{place}"}
            for place in places
        ]
        return {"FailedEntryCount": len(self.refused & set(places)), "Entries": answers}


def entries(count: int) -> list[Entry]:
    return [Entry("message.sent", f'{{"n":{number}}}', AT) for number in range(count)]


def test_an_entry_names_its_source_its_kind_its_moment_and_the_bus() -> None:
    client = FakeEvents()
    assert Bus(client, "the-bus").put(entries(1)) == (1, "")
    assert client.calls == [
        [
            {
                "Source": "cobranza",
                "DetailType": "message.sent",
                "Detail": '{"n":0}',
                "Time": AT,
                "EventBusName": "the-bus",
            }
        ]
    ]


@pytest.mark.parametrize(("count", "batches"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])])
def test_events_are_put_ten_a_call(count: int, batches: list[int]) -> None:
    client = FakeEvents()
    assert Bus(client, "bus").put(iter(entries(count))) == (count, "")
    assert [len(call) for call in client.calls] == batches


@given(st.lists(st.integers(0, MAX_BYTES - 200), max_size=30))
def test_no_call_is_larger_than_the_bus_takes_and_none_is_lost_or_moved(sizes: list[int]) -> None:
    put = [Entry("message.sent", f"{place:02}" + "é" * (size // 2), AT) for place, size in enumerate(sizes)]
    batches = list(calls(put))
    assert [entry for batch in batches for entry in batch] == put
    for batch in batches:
        assert 1 <= len(batch) <= MOST
        assert sum(entry.size for entry in batch) <= MAX_BYTES


@pytest.mark.parametrize(("refused", "taken"), [({0}, 0), ({3}, 3), ({3, 7}, 3), ({9}, 9), ({10}, 10), ({14}, 14)])
def test_what_is_refused_first_ends_it_and_is_told(refused: set[int], taken: int) -> None:
    client = FakeEvents(refused)
    assert Bus(client, "bus").put(entries(25)) == (taken, "ThrottlingException")
    assert len(client.calls) == taken // MOST + 1
