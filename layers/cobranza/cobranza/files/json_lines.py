"""JSON lines as rows: one object a line, its keys are the header."""

import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.containers import not_a_table
from cobranza.files.row import Row
from cobranza.files.sheet import HEAD, Sheet, as_header, check_cells, number_text
from cobranza.files.text import Lines

type Pairs = list[tuple[str, Any]]
type Decode = Callable[[str], Any]


class _Object(list[tuple[str, Any]]):
    """An object as it is written, so that a key that is there twice is seen."""


def open_json_lines(lines: Lines, sign: str = "") -> Sheet:
    """The header is the keys of the first objects together; a later object with another key is a row whose fault
    says so. `sign` is the decimal sign declared for amounts written as texts.

    Raises InvalidInput (NOT_A_TABLE, TOO_LARGE and those of Lines), also while rows are taken.
    """
    # Numbers stay the text that they are: no digit is lost.
    decode = json.JSONDecoder(
        object_pairs_hook=_Object,
        parse_float=lambda text: number_text(text, sign),
        parse_int=str,
        parse_constant=str,
    ).decode
    numbered = enumerate(chain.from_iterable(lines.batches()), start=1)
    written = ((number, line.strip()) for number, line in numbered)
    written = ((number, line) for number, line in written if line)
    head: list[tuple[int, str]] = []
    keys: dict[str, None] = {}
    for number, line in written:
        head.append((number, line))
        value = _parse(line, decode)
        if isinstance(value, _Object):
            keys |= dict.fromkeys(key for key, _ in value)
        elif len(head) == 1:
            raise not_a_table("JSON, {…} × n (JSON lines)")
        if len(head) == HEAD:
            break
    header = as_header(Row(1, tuple(map(_shown, keys))))
    return Sheet(header, 0, _rows(tuple(keys), chain(head, written), decode))


def _rows(keys: tuple[str, ...], written: Iterator[tuple[int, str]], decode: Decode) -> Iterator[Row]:
    for number, line in written:
        value = _parse(line, decode)
        if not isinstance(value, _Object):
            yield Row(number, (_shown(line),), refuse("BAD_JSON", f"línea/line {number}"))
            continue
        fault = _fault(keys, value)
        fields = {key: _text(field) for key, field in value}
        cells = [fields.pop(key, "") for key in keys]
        if fault:
            # What has no column of its own comes back behind the others, with its key.
            cells = [_shown(cell) for cell in (*cells, *(f"{key}: {text}" for key, text in fields.items()))]
        check_cells(number, cells)
        yield Row(number, tuple(cells), fault)


def _fault(keys: tuple[str, ...], value: Pairs) -> InvalidInput | None:
    names = [key for key, _ in value]
    if len(set(names)) < len(names):
        return refuse("BAD_JSON", "2×: " + ", ".join(sorted({key for key in names if names.count(key) > 1}))[:100])
    for key, field in value:
        if isinstance(field, list):
            return refuse("BAD_JSON", f"{key[:40]!r}: {'{…}' if isinstance(field, _Object) else '[…]'}", key[:40])
        if isinstance(field, str) and not _is_sound(field):
            return refuse("BAD_JSON", f"{key[:40]!r}: NUL, surrogate", key[:40])
    if other := [key for key in names if key not in keys]:
        return refuse("RAGGED_ROW", ", ".join(_shown(key)[:40] for key in other[:5]))
    return None


def _parse(line: str, decode: Decode) -> Any:
    try:
        return decode(line)
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else _flat(value)


def _flat(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "…"


def _is_sound(text: str) -> bool:
    return "\0" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


def _shown(text: str) -> str:
    """What can be written back: no NUL, no halves of surrogate pairs, no endless line."""
    return text[:10_000].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
