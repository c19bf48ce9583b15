"""Reading a call's JSON: what is missing is 131008, what has the wrong type 100, what breaks a limit 131009."""

from typing import Any, cast

from local.simulator.errors import NotAccepted

MISSING = 131008
WRONG_TYPE = 100
WRONG_VALUE = 131009


def require_object(value: object, where: str) -> dict[str, Any]:
    if value is None:
        raise NotAccepted(MISSING, f"The parameter {where} is required")
    if not isinstance(value, dict):
        raise NotAccepted(WRONG_TYPE, f"{where} must be a JSON object")
    return cast("dict[str, Any]", value)


def require_list(value: object, where: str, most: int) -> list[Any]:
    """A list of one to `most` things."""
    things = allow_list(value, where)
    if not things:
        raise NotAccepted(MISSING, f"The parameter {where} is required")
    if len(things) > most:
        raise NotAccepted(WRONG_VALUE, f"{where} has {len(things)} entries. Min: 1, Max: {most}")
    return things


def allow_list(value: object, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotAccepted(WRONG_TYPE, f"{where} must be a list")
    return cast("list[Any]", value)


def require_text(value: object, where: str, most: int, too_long: int = WRONG_VALUE) -> str:
    """One to `most` characters; more are refused with the code `too_long`."""
    text = allow_text(value, where, most, too_long)
    if not text:
        raise NotAccepted(MISSING, f"The parameter {where} is required")
    return text


def allow_text(value: object, where: str, most: int, too_long: int = WRONG_VALUE) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotAccepted(WRONG_TYPE, f"{where} must be a string")
    if len(value) > most:
        raise NotAccepted(too_long, f"{where} length invalid. Min length: 1, Max length: {most}")
    return value


def require_web_address(value: object, where: str) -> str:
    address = require_text(value, where, 2000)
    if not address.startswith(("http://", "https://")):
        raise NotAccepted(WRONG_VALUE, f"{where} must be an http or https address")
    return address
