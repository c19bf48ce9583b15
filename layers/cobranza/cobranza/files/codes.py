"""Every code with which a file or a row is refused. docs/files.md tells what to do about each."""

from cobranza.errors import InvalidInput

FILE_CODES = {
    "BAD_PLACE": "The file is not where files are dropped",
    "TOO_LARGE": "The file is too large",
    "EMPTY_FILE": "The file is empty",
    "NOT_UTF8": "The file is not UTF-8 text",
    "NOT_CSV": "The file cannot be read as CSV",
    "DUPLICATE_COLUMN": "Two columns have the same name",
    "MISSING_COLUMN": "A required column is missing",
}

ROW_CODES = {
    "RAGGED_ROW": "The row has not as many cells as the header",
    "DUPLICATE_ROW": "The file has this debt twice",
    "MISSING_VALUE": "A required value is empty",
    "BAD_ID": "The id cannot be used",
    "BAD_NAME": "The name cannot be used",
    "BAD_PHONE": "This is not a usable phone number",
    "LANDLINE": "This is the number of a landline",
    "BAD_COUNTRY": "The country is unknown",
    "BAD_REGION": "The region cannot be used",
    "BAD_LANGUAGE": "The language cannot be used",
    "BAD_AMOUNT": "The amount cannot be read",
    "BAD_CURRENCY": "The currency is unknown",
    "BAD_DATE": "The date cannot be read",
    "BAD_LINK": "The link cannot be used",
    "BAD_CONSENT": "The consent cannot be read",
}

CODES = FILE_CODES | ROW_CODES


def refuse(code: str, detail: str, column: str = "") -> InvalidInput:
    """The error to raise: the code's sentence, then what is wrong here and what would be right."""
    return InvalidInput(code, f"{CODES[code]}: {detail}", column)
