"""What Meta has registered of each text, and why one that is registered cannot be sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

APPROVED, UTILITY = "APPROVED", "UTILITY"
MISSING, PARAMETERS, NOT_SYNCED = "MISSING", "PARAMETERS", "NOT_SYNCED"
# What a person does about each; any other is a status, or a category, that Meta has given it.
_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        NOT_SYNCED: "run `cobranza templates sync <account id>`: nobody has read yet what Meta has approved",
        MISSING: "run `cobranza templates push <account id> --reviewed-by <who>`, and wait for Meta's review",
        PARAMETERS: "register it as the project ships it under a new name, then run `cobranza templates sync`",
        "PENDING": "wait for Meta's review, which takes a day at most",
        "IN_APPEAL": "wait for Meta's answer to the appeal",
        "PAUSED": "wait until Meta lifts the pause, or name another text in the strategy",
        "REJECTED": "read Meta's reason, register another text and name it in the strategy",
        "DISABLED": "Meta has disabled it for good: register another text and name it in the strategy",
        "MARKETING": "ask Meta for a review of its category, or register another text and name it in the strategy",
    }
)
_OTHER = "see Meta's template manager, then run `cobranza templates sync`"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a message has to fill in: the names of the body's variables, the format of the header (empty without
    one), and each button: an address, or its type in Meta's word."""

    variables: tuple[str, ...] = ()
    header: str = ""
    buttons: tuple[str, ...] = ()

    @property
    def bases(self) -> tuple[str, ...]:
        """Where the buttons lead that take the rest of a link."""
        return tuple(button.removesuffix("{{1}}") for button in self.buttons if button.endswith("{{1}}"))

    def fits(self, other: "Shape") -> bool:
        """Whether the same parameters fill both, wherever their buttons lead."""
        return self._places == other._places

    @property
    def _places(self) -> tuple[object, ...]:
        return self.variables, self.header, tuple(map(_place, self.buttons))


def _place(button: str) -> str:
    if not button.startswith("http"):
        return button
    return "LINK" if button.endswith("{{1}}") else "URL"


@dataclass(frozen=True, slots=True)
class Registered:
    """A template as Meta has it, in Meta's words, also those that we do not know: `status` is APPROVED, PENDING,
    REJECTED, PAUSED and so on, `quality` GREEN, YELLOW, RED or UNKNOWN. Status and category are empty, and `shape`
    None, where nothing was told of them. `digest` is that of its words, and known from Meta's own list alone."""

    name: str
    language: str
    status: str
    category: str
    quality: str = "UNKNOWN"
    template_id: str = ""
    shape: Shape | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """Somebody of the business has read a template's words: `digest` is that of those words, `registered` that of
    what Meta has, as far as anybody knows."""

    by: str
    at: str
    digest: str
    registered: str

    @property
    def holds(self) -> bool:
        return self.digest == self.registered


@dataclass(frozen=True, slots=True)
class Register:
    """The templates at Meta by (name, language), as far as they are known. `is_synced`: all of them were read
    once; `is_needed`: before that, nothing may be sent."""

    templates: Mapping[tuple[str, str], Registered] = field(default_factory=dict[tuple[str, str], Registered])
    is_synced: bool = False
    is_needed: bool = False

    def fault(self, name: str, language: str, ours: Shape) -> str:
        """Why it cannot be sent: a status or a category of Meta's, MISSING, PARAMETERS or NOT_SYNCED; empty where
        it can, and where nobody knows and need not."""
        if self.is_needed and not self.is_synced:
            return NOT_SYNCED
        known = self.templates.get((name, language)) or Registered(name, language, "", "")
        unknown = MISSING if self.is_synced else ""
        if known.status != APPROVED and (fault := known.status or unknown):
            return fault
        if known.category != UTILITY and (fault := known.category or unknown):
            return fault
        fits = known.shape.fits(ours) if known.shape else not self.is_synced
        return "" if fits else PARAMETERS

    def bases(self, name: str, language: str) -> tuple[str, ...]:
        """Where its buttons are registered to lead; none where that is not known."""
        known = self.templates.get((name, language))
        return known.shape.bases if known and known.shape else ()


def remedy(fault: str) -> str:
    """What a person does about what keeps a template from being sent."""
    return _REMEDIES.get(fault, _OTHER)
