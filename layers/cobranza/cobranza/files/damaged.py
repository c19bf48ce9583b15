"""What spreadsheets and wrong encodings make of a text, so that it is not what somebody wrote."""

import re

_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")
_SHEET_ERROR = re.compile(r"#(?:N/[AD]|[^ ]{2,12}[!?])")
# UTF-8 read as Windows' code page once and saved so (JosÃ©), or letters that were lost.
_BROKEN_LETTERS = re.compile("[ÃÂ][\u0080-\u00bf]|\ufffd")


def is_shortened(text: str) -> bool:
    """Whether digits are lost, as in `5.25E+11`."""
    return _SCIENTIFIC.fullmatch(text) is not None


def is_sheet_error(text: str) -> bool:
    return text[:1] == "#" and _SHEET_ERROR.fullmatch(text) is not None


def has_broken_letters(text: str) -> bool:
    return not text.isascii() and _BROKEN_LETTERS.search(text) is not None
