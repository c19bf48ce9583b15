from typing import Any

import pytest

from cobranza.whatsapp.shapes import list_at, object_at, objects_at, text_at


@pytest.mark.parametrize("value", [None, 7, True, "x", ["x"], [{"a": 1}], {"a": 1}])
def test_what_has_another_shape_is_empty(value: Any) -> None:
    told = {"key": value}
    assert object_at(told, "key") == (value if isinstance(value, dict) else {})
    assert list_at(told, "key") == (value if isinstance(value, list) else [])
    assert text_at(told, "key") == (value if isinstance(value, str) else "")


def test_what_is_no_object_in_a_list_has_nothing_in_it() -> None:
    assert objects_at({"key": [{"a": 1}, "x", None]}, "key") == [{"a": 1}, {}, {}]


def test_half_an_emoji_can_be_stored() -> None:
    assert text_at({"key": "half \ud83d"}, "key") == "half ?"
