import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.refs import Kind, References

KEY = "k" * 64
PHONE = "+525555550100"
KINDS: tuple[Kind, ...] = get_args(Kind)

kinds = st.sampled_from(KINDS)


def test_a_reference_never_changes() -> None:
    """Stored keys depend on it: another value here would orphan every borrower."""
    assert References(KEY).ref("phone", PHONE) == "7BGUV7RGACAPS3AJVEISKCOBU5"


@given(kinds, st.text())
def test_a_reference_has_26_letters_of_base32(kind: Kind, value: str) -> None:
    assert re.fullmatch("[A-Z2-7]{26}", References(KEY).ref(kind, value))


@given(kinds, st.text())
def test_the_same_person_has_the_same_reference_wherever_it_is_made(kind: Kind, value: str) -> None:
    assert References(KEY).ref(kind, value) == References(KEY).ref(kind, value)


@given(kinds, kinds, st.text(), st.text())
def test_two_people_never_share_a_reference(kind: Kind, other_kind: Kind, value: str, other: str) -> None:
    references = References(KEY)
    same = references.ref(kind, value) == references.ref(other_kind, other)
    assert same == ((kind, value) == (other_kind, other))


@pytest.mark.parametrize("kind", KINDS)
def test_another_key_makes_other_references(kind: Kind) -> None:
    assert References(KEY).ref(kind, PHONE) != References("l" * 64).ref(kind, PHONE)


@pytest.mark.parametrize("key", ["", "short", "k" * 31])
def test_a_weak_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="at least 32 characters"):
        References(key)


def test_the_key_does_not_show_in_its_representation() -> None:
    assert KEY not in repr(References(KEY))
