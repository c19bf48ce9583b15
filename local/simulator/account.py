"""What Meta can stop as a whole: the account, or one of its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Account:
    """The error codes that every send is answered with: `restricted` from all numbers, `numbers` from some."""

    restricted: int | None = None
    numbers: Mapping[str, int] = field(default_factory=dict[str, int])

    def stop(self, phone_number_id: str) -> int | None:
        return self.restricted if self.restricted is not None else self.numbers.get(phone_number_id)

    def changed(self, order: object, known: Mapping[str, str]) -> "Account":
        """Read `{"restricted"?: code or null, "numbers"?: {phone number id: code or null}}`; null lets go.

        What is not named stays as it is. Raises ValueError, also for a number that is not in `known`.
        """
        if not isinstance(order, dict):
            raise ValueError("an account's state is a JSON object")
        wanted = cast("dict[str, Any]", order)
        if unknown := wanted.keys() - {"restricted", "numbers"}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        changes = wanted.get("numbers", {})
        if not isinstance(changes, dict):
            raise ValueError("numbers is a JSON object")
        codes = cast("dict[str, Any]", changes)
        if strange := codes.keys() - known.keys():
            raise ValueError(f"no such number: {', '.join(sorted(strange))}")
        restricted = wanted.get("restricted", self.restricted)
        if any(type(code) is not int and code is not None for code in (restricted, *codes.values())):
            raise ValueError("what stops is an error code, or null")
        numbers = {number: code for number, code in {**self.numbers, **codes}.items() if code is not None}
        return replace(self, restricted=restricted, numbers=numbers)
