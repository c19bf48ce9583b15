"""What stands in Meta's JSON where it has the shape it should; empty where it has another."""

from collections.abc import Mapping
from typing import Any, cast

type Json = dict[str, Any]


def as_object(value: Any) -> Json:
    return cast(Json, value) if isinstance(value, dict) else {}


def object_at(element: Mapping[str, Any], key: str) -> Json:
    return as_object(element.get(key))


def list_at(element: Mapping[str, Any], key: str) -> list[Any]:
    value = element.get(key)
    return cast(list[Any], value) if isinstance(value, list) else []


def objects_at(element: Mapping[str, Any], key: str) -> list[Json]:
    """Of a list; empty ones where there are none."""
    return [as_object(each) for each in list_at(element, key)]


def text_at(element: Mapping[str, Any], key: str) -> str:
    """The string at `key`, or "". Half an emoji (a lone surrogate) becomes a "?": nothing could store it."""
    value = element.get(key)
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""
