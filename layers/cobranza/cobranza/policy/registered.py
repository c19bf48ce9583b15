from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Registered:
    """A template as Meta has it, in Meta's words, also those that we do not know: `status` is APPROVED, PENDING,
    REJECTED, PAUSED and so on, `quality` GREEN, YELLOW, RED or UNKNOWN."""

    name: str
    language: str
    status: str
    category: str
    quality: str = "UNKNOWN"
    template_id: str = ""
