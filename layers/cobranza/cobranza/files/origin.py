"""What rows of refused.csv and warnings.csv carry of the file that they come from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cobranza.files.formats import Formats

_AS_OF = "as-of="
_UNDECIDED = Formats()


@dataclass(frozen=True, slots=True)
class Origin:
    """How a file wrote dates and amounts, and the moment that it speaks of; None where each row has its own."""

    formats: Formats = _UNDECIDED
    as_of: datetime | None = None

    @property
    def words(self) -> str:
        """As text that no spreadsheet changes: `DMY comma as-of=2026-11-23T02:00:00Z`."""
        moment = f"{_AS_OF}{self.as_of.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if self.as_of else ""
        return " ".join(word for word in (self.formats.words, moment) if word)

    @classmethod
    def of_words(cls, text: str) -> "Origin":
        """What `words` wrote; a moment that cannot be read, or is of no zone, is none."""
        told = next((word for word in text.split() if word.startswith(_AS_OF)), "")
        return cls(Formats.of_words(text), _moment(told.removeprefix(_AS_OF)))

    @classmethod
    def of_all(cls, texts: Iterable[str]) -> "Origin":
        """Of rows of several files: the oldest moment, and no formats where these were read in different ways."""
        told = [cls.of_words(text) for text in texts]
        formats = {each.formats for each in told} - {_UNDECIDED}
        moments = [each.as_of for each in told if each.as_of]
        return cls(formats.pop() if len(formats) == 1 else _UNDECIDED, min(moments, default=None))


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
