"""What can go wrong, as one tree.

CobranzaError
├── InvalidInput       somebody gave us something we refuse; carries a code that the user sees
├── MissingSetting     a function was started without what it needs; never a fake success
└── NotFound           an item that must exist does not
"""


class CobranzaError(Exception):
    pass


class InvalidInput(CobranzaError):
    """Input we refuse.

    `code` is one of the closed codes of docs/files.md (`BAD_PHONE`), `reason` is a sentence for a person,
    `column` names the field where there is one.
    """

    def __init__(self, code: str, reason: str, column: str = "") -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.column = column


class MissingSetting(CobranzaError):
    pass


class NotFound(CobranzaError):
    pass
