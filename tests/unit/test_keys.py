import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.errors import InvalidInput
from cobranza.refs import References
from cobranza.store import keys
from cobranza.store.keys import SHARDS, MessageKey

PHONE = "+525555550100"
REF = References("k" * 64).ref("borrower", "cliente-1")
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

refs = st.text(BASE32, min_size=26, max_size=26)
days = st.dates(date(2020, 1, 1), date(2099, 12, 31))

ROOT = Path(__file__).parents[2]
SHIPPED = [path for part in ("layers", "functions", "cli") for path in sorted((ROOT / part).rglob("*.py"))]


def written_by_hand(source: str) -> Iterator[str]:
    """Texts, and beginnings of texts that are filled in, which look like a key."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and re.match("[A-Z]+#", str(node.value)):
            yield f"{node.lineno}: {node.value}"


def test_a_key_that_is_written_by_hand_is_found() -> None:
    source = 'one = f"PORTFOLIO#{name}"\ntwo = "B#" + ref\n"""A B# in a sentence is none."""'
    assert list(written_by_hand(source)) == ["1: PORTFOLIO#", "2: B#"]


def test_no_module_but_that_of_keys_writes_one() -> None:
    found = {path: [*written_by_hand(path.read_text())] for path in SHIPPED if path.name != "keys.py"}
    assert {path: told for path, told in found.items() if told} == {}


@given(refs, days)
def test_an_opaque_id_comes_back_as_what_it_was(ref: str, day: date) -> None:
    key = MessageKey(ref, day)
    assert MessageKey.parse(key.opaque) == key


def test_an_opaque_id_never_changes_its_shape() -> None:
    """Statuses of messages that left before a deployment come back after it."""
    assert MessageKey("A" * 26, date(2026, 11, 5)).opaque == "m1.AAAAAAAAAAAAAAAAAAAAAAAAAA.20261105"


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "m1",
        "m1..",
        f"m1.{REF}",
        f"m1.{REF}.",
        f"m1.{REF}.20261305",
        f"m1.{REF}.20260230",
        f"m1.{REF}.2026-11-05",
        f"m1.{REF}.20261105.more",
        f"m1.{REF}.20261105 ",
        f"m1.{REF}.20261105\n",
        f" m1.{REF}.20261105",
        f"m1.{REF}.2026111",
        f"m1.{REF}.202611",
        f"m1.{REF}.٢٠٢٦١١٠٥",
        f"m0.{REF}.20261105",
        f"m2.{REF}.20261105",
        f"M1.{REF}.20261105",
        f"m1.{REF[:-1]}.20261105",
        f"m1.{REF}A.20261105",
        f"m1.{REF[:-1]}#.20261105",
        f"m1.{'á' * 26}.20261105",
        f"m1.{'a' * 26}.20261105",
        f"m1.{'1' * 26}.20261105",
        "m=01J;c=42",
        PHONE,
        "wamid.HBg",
        "x" * 10_000,
    ],
)
def test_what_we_did_not_give_is_refused(garbage: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        MessageKey.parse(garbage)
    assert refused.value.code == "BAD_OPAQUE_ID"


@given(st.text() | st.from_regex(r"m1\.[A-Z2-7]{26}\.20[0-9]{2}[01]?[0-9][0-3]?[0-9]", fullmatch=True))
def test_what_is_read_is_exactly_what_we_gave(text: str) -> None:
    try:
        key = MessageKey.parse(text)
    except InvalidInput:
        return
    assert key.opaque == text


@given(days)
def test_no_key_holds_a_phone(day: date) -> None:
    key = MessageKey(References("k" * 64).ref("borrower", PHONE), day)
    phone = References("k" * 64).ref("phone", PHONE)
    places = [
        key.item,
        keys.profile(key.borrower),
        keys.debt(key.borrower, "tarjetas#F-1#"),
        keys.reference(phone, key.borrower),
    ]
    written = [key.opaque, *(part for place in places for part in place.values())]
    assert not any(PHONE[-10:] in text for text in written)


def test_an_opaque_id_fits_and_needs_no_escaping() -> None:
    opaque = MessageKey(REF, date(2026, 11, 5)).opaque
    assert len(opaque) <= 512
    assert re.fullmatch(r"[A-Za-z0-9.]+", opaque)


def test_everything_of_a_borrower_stands_together() -> None:
    key = MessageKey(REF, date(2026, 11, 5))
    assert key.item == {"pk": f"B#{REF}", "sk": "MSG#2026-11-05"}
    assert keys.profile(REF) == {"pk": f"B#{REF}", "sk": "PROFILE"}
    assert keys.debt(REF, "tarjetas#F-1#2") == {"pk": f"B#{REF}", "sk": "DEBT#tarjetas#F-1#2"}
    assert keys.borrower_of(keys.borrower_pk(REF)) == REF


def test_two_borrowers_may_stand_behind_one_phone() -> None:
    phone = References("k" * 64).ref("phone", PHONE)
    first, second = keys.reference(phone, "A" * 26), keys.reference(phone, "B" * 26)
    assert first["pk"] == second["pk"] == keys.reference_pk(phone)
    assert first != second


def test_messages_of_a_borrower_sort_by_their_date() -> None:
    dates = [date(2026, 9, 30), date(2026, 10, 1), date(2026, 12, 31), date(2027, 1, 1)]
    sort_keys = [MessageKey(REF, day).item["sk"] for day in dates]
    assert sort_keys == sorted(sort_keys)


@given(refs)
def test_every_borrower_has_a_shard(ref: str) -> None:
    assert 0 <= keys.due_shard(ref) < SHARDS
    assert keys.due_shard(ref) == keys.due_shard(ref[0] + "A" * 25)


def test_all_shards_are_used_alike() -> None:
    shards = sorted(keys.due_shard(letter + "A" * 25) for letter in BASE32)
    assert shards == sorted([*range(SHARDS)] * 2)
