"""What is wrong with a template before Meta reviews it or a borrower reads it.

The limits of the create call are Meta's: body 1024, header and footer 60, button 25, ten buttons with two
links and one phone number; variables numbered from 1, none first, last or side by side, two words for each and one
more. The others are this project's own.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from cobranza.policy.portfolio import leads_under
from cobranza.whatsapp import template_words as words
from cobranza.whatsapp.kinds import Fact, Kind, kind_of

# What the shipped files link to; whoever registers them has an address of their own.
EXAMPLE_BASES = (
    "https://pagos.example.com/",
    "https://pagamentos.example.com/",
    "https://pay.example.com/",
)
MAX_FILLED = 550
MAX_REMINDER_TTL = 3 * 3600
_LIMITS = {"HEADER": 60, "BODY": 1024, "FOOTER": 60}
_MAX_BUTTON, _MAX_BUTTONS, _MAX_URLS, _MAX_PHONES = 25, 10, 2, 1
_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_LINK = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s)]+", re.IGNORECASE)
_CAPITALS = re.compile(r"(?<![^\W_])[A-ZÁÉÍÓÚÜÑÂÊÔÃÕÇ]{3,}(?![^\W_])")
_FIGURES: frozenset[Fact] = frozenset(("owed", "total", "debts", "due_date", "paid", "paid_on", "promised_day"))


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """`place` is a path in the definition: body, footer, buttons[1].url; `sentence` says what to change."""

    place: str
    code: str
    sentence: str


class _Button(BaseModel):
    type: Literal["QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE"]
    text: str = ""
    url: str = ""
    example: tuple[str, ...] | str = ()


class _Example(BaseModel):
    body_text: tuple[tuple[str, ...], ...] = ()
    header_handle: tuple[str, ...] = ()


class _Component(BaseModel):
    type: Literal["HEADER", "BODY", "FOOTER", "BUTTONS"]
    format: str = ""
    text: str = ""
    example: _Example = _Example()
    buttons: tuple[_Button, ...] = ()


class _Definition(BaseModel):
    name: str
    language: str
    category: str
    message_send_ttl_seconds: int | None = None
    parameter_format: str = "positional"
    components: tuple[_Component, ...]

    def one(self, kind: str) -> _Component:
        empty = _Component.model_construct(type=kind)
        return next((each for each in self.components if each.type == kind), empty)


@dataclass(frozen=True, slots=True)
class _Draft:
    """`root` is the language without its country; `kind` is None for a name that no kind has."""

    told: _Definition
    header: _Component
    body: _Component
    footer: _Component
    buttons: tuple[_Button, ...]
    root: str
    kind: Kind | None
    bases: tuple[str, ...] = field(default=EXAMPLE_BASES)

    @property
    def is_discreet(self) -> bool:
        return self.kind is not None and self.kind.is_discreet

    @property
    def asks(self) -> bool:
        return self.kind is None or self.kind.asks

    @property
    def may_be_past(self) -> bool:
        """Whether it asks when the due date may be behind."""
        return self.asks and (self.kind is None or self.kind.announces not in ("ahead", "today"))

    @property
    def texts(self) -> Iterator[tuple[str, str]]:
        """What a borrower reads, by its place."""
        for component in (self.header, self.body, self.footer):
            yield component.type.lower(), unicodedata.normalize("NFC", component.text)
        for index, button in enumerate(self.buttons):
            yield f"buttons[{index}].text", unicodedata.normalize("NFC", button.text)

    @property
    def variables(self) -> list[str]:
        return _VARIABLE.findall(self.body.text)

    @property
    def example(self) -> tuple[str, ...]:
        return next(iter(self.body.example.body_text), ())


def lint(definition: object, link_bases: Iterable[str] = EXAMPLE_BASES) -> tuple[Finding, ...]:
    """The findings of one body of Meta's create call, in the order of their places; none for a good one.

    `link_bases` are the addresses under which links may lead.
    """
    try:
        told = _Definition.model_validate(definition)
    except ValidationError as error:
        return tuple(sorted(_shape(each) for each in error.errors()))
    draft = _Draft(
        told=told,
        header=told.one("HEADER"),
        body=told.one("BODY"),
        footer=told.one("FOOTER"),
        buttons=told.one("BUTTONS").buttons,
        root=told.language.split("_")[0],
        kind=kind_of(told.name),
        bases=tuple(link_bases),
    )
    return tuple(sorted({finding for check in _CHECKS for finding in check(draft)}))


def lint_text(data: bytes, link_bases: Iterable[str] = EXAMPLE_BASES) -> tuple[Finding, ...]:
    """The same of a file's bytes."""
    try:
        definition = json.loads(data)
    except ValueError as error:
        return (Finding("file", "BAD_JSON", f"cannot be read as JSON: {error}"),)
    return lint(definition, link_bases)


def _shape(error: Any) -> Finding:
    place = ".".join(map(str, error["loc"])) or "file"
    return Finding(place, "BAD_SHAPE", f"is not as Meta's create call has it: {error['msg']}")


def _frame(draft: _Draft) -> Iterator[Finding]:
    told = draft.told
    if not re.fullmatch(r"[a-z0-9_]{1,512}", told.name):
        yield Finding("name", "NAME", "has only a to z, 0 to 9 and _, at most 512 of them")
    if draft.kind is None:
        yield Finding("name", "KIND", "is of no kind that the code knows, so nobody could fill it in")
    if not re.fullmatch(r"[a-z]{2}(_[A-Z]{2})?", told.language) or draft.root not in words.STOP:
        yield Finding("language", "LANGUAGE", "is es, pt or en, with a country or without (es_AR)")
    if told.category != "UTILITY":
        yield Finding("category", "CATEGORY", "must be UTILITY: it is no advertisement")
    if told.parameter_format.lower() != "positional":
        yield Finding("parameter_format", "FORMAT", "must be positional: parameters are sent as a list")
    kinds = [component.type for component in told.components]
    if "BODY" not in kinds or len(kinds) != len(set(kinds)):
        yield Finding("components", "COMPONENTS", "are one BODY and at most one HEADER, FOOTER and BUTTONS")


def _lifetime(draft: _Draft) -> Iterator[Finding]:
    place, seconds = "message_send_ttl_seconds", draft.told.message_send_ttl_seconds
    if draft.asks and (seconds is None or not 30 <= seconds <= MAX_REMINDER_TTL):
        yield Finding(place, "TTL", f"of a reminder is 30 to {MAX_REMINDER_TTL}: a late one arrives at night")
    elif seconds is not None and seconds != -1 and not 30 <= seconds <= 43_200:
        yield Finding(place, "TTL", "is 30 to 43200, or -1 for 30 days")


def _lengths(draft: _Draft) -> Iterator[Finding]:
    for component in (draft.header, draft.body, draft.footer):
        limit, place = _LIMITS[component.type], component.type.lower()
        if len(component.text) > limit:
            yield Finding(place, "TOO_LONG", f"has {len(component.text)} characters; Meta takes {limit}")
    filled = len(_filled(draft))
    if filled > MAX_FILLED:
        yield Finding(
            "body", "FILLED_TOO_LONG", f"filled with its example has {filled} characters, not {MAX_FILLED}"
        )


def _variables(draft: _Draft) -> Iterator[Finding]:
    text, found = draft.body.text, draft.variables
    if sorted(set(found)) != sorted(str(n + 1) for n in range(len(set(found)))):
        yield Finding("body", "NUMBERING", "has variables that are not numbered from {{1}} without gaps")
    if re.match(r"\W*\{\{", text) or re.search(r"\}\}\W*$", text):
        yield Finding("body", "VARIABLE_AT_EDGE", "begins or ends with a variable: put words around it")
    if re.search(r"\}\}\W*\{\{", text):
        yield Finding("body", "VARIABLES_SIDE_BY_SIDE", "has two variables without a word between them")
    needed = 2 * len(found) + 1
    if found and (count := len(re.findall(r"\w+", _VARIABLE.sub(" ", text)))) < needed:
        yield Finding("body", "TOO_FEW_WORDS", f"has {count} words for {len(found)} variables: it needs {needed}")
    if _VARIABLE.search(draft.footer.text):
        yield Finding("footer", "VARIABLE_IN_FOOTER", "has a variable, which Meta refuses")


def _facts(draft: _Draft) -> Iterator[Finding]:
    if draft.kind is None:
        return
    expected, given = draft.kind.body, set(draft.variables)
    if len(given) != len(expected):
        yield Finding("body", "FACTS", f"has {len(given)} variables; its kind takes {', '.join(expected)}")
    if ("document" in draft.kind.facts) != (draft.header.format == "DOCUMENT"):
        yield Finding("header", "DOCUMENT", "is a DOCUMENT in those kinds that take one, and in no other")
    has_link = any(button.url.endswith("{{1}}") for button in draft.buttons)
    if ("link" in draft.kind.facts) != has_link:
        yield Finding("buttons", "LINK", "have one URL that ends in {{1}} in those kinds that take a link")


def _examples(draft: _Draft) -> Iterator[Finding]:
    if len(draft.example) != len(set(draft.variables)) or not all(map(str.strip, draft.example)):
        yield Finding("body", "EXAMPLE", "needs an example value for each variable, in example.body_text")
    elif draft.kind and len(draft.example) == len(draft.kind.body):
        for fact, value in zip(draft.kind.body, draft.example, strict=True):
            if fact in _FIGURES and not re.search(r"\d", value):
                yield Finding("body", "EXAMPLE_DOES_NOT_FIT", f"has {value!r} as the example of {fact}")
    if draft.header.format not in ("", "TEXT") and not draft.header.example.header_handle:
        yield Finding("header", "EXAMPLE", "needs the handle of an uploaded sample, in example.header_handle")
    for index, button in enumerate(draft.buttons):
        if "{{" in button.url and not button.example:
            yield Finding(f"buttons[{index}].url", "EXAMPLE", "needs an example of the whole address")


def _manner(draft: _Draft) -> Iterator[Finding]:
    stop = words.STOP.get(draft.root, "")
    for place, text in draft.texts:
        for found in words.FORBIDDEN.finditer(text):
            yield Finding(place, "FORBIDDEN_WORD", f"says {found[0]!r}, which labels, threatens or presses")
        if words.CHARGES.search(text):
            yield Finding(place, "CHARGES", "tells of additional charges, and its kind states no fee")
        shouted = [word for word in _CAPITALS.findall(text) if word != stop]
        if shouted or re.search(r"!\s*!|¡\s*¡", text):
            yield Finding(place, "SHOUTING", f"shouts: {', '.join(shouted) or '!!'}")
        if draft.is_discreet and (found := words.MONEY.search(_VARIABLE.sub(" ", text))):
            yield Finding(place, "TELLS_OF_MONEY", f"says {found[0]!r}: it may reach somebody else")
        if draft.may_be_past and words.THANKS.search(text):
            yield Finding(place, "THANKS", "thanks somebody whose due date may be past")


def _ways_out(draft: _Draft) -> Iterator[Finding]:
    if not (draft.asks or draft.is_discreet) or draft.root not in words.STOP:
        return
    stop = words.STOP[draft.root]
    if not re.search(rf"\b{stop}\b", f"{draft.body.text} {draft.footer.text}"):
        yield Finding("footer", "NO_STOP", f"does not say how to stop: {stop}")
    replies = [button.text.lower() for button in draft.buttons if button.type == "QUICK_REPLY"]
    if not any(words.PERSON[draft.root] in reply for reply in replies):
        yield Finding("buttons", "NO_PERSON", "have none by which to talk to a person")
    if not draft.asks:
        return
    if not words.IF_PAID[draft.root].search(draft.body.text):
        yield Finding("body", "NOT_IF_PAID", "does not say what to do if it is already paid")
    elif draft.may_be_past and not words.OR_RECEIPT[draft.root].search(draft.body.text):
        yield Finding("body", "NO_RECEIPT", "does not ask for the receipt of what is already paid")


def _buttons(draft: _Draft) -> Iterator[Finding]:
    for index, button in enumerate(draft.buttons):
        if button.type != "COPY_CODE" and not 0 < len(button.text) <= _MAX_BUTTON:
            yield Finding(f"buttons[{index}].text", "BUTTON_LENGTH", f"has 1 to {_MAX_BUTTON} characters")
    kinds = [button.type for button in draft.buttons]
    if len(kinds) > _MAX_BUTTONS or kinds.count("URL") > _MAX_URLS or kinds.count("PHONE_NUMBER") > _MAX_PHONES:
        yield Finding("buttons", "BUTTON_COUNT", "are at most ten, with two links and one phone number")
    labels = [button.text for button in draft.buttons]
    if len(set(labels)) != len(labels):
        yield Finding("buttons", "BUTTON_TWICE", "have the same text twice")
    if [is_reply for is_reply, _ in groupby(kind == "QUICK_REPLY" for kind in kinds)].count(True) > 1:
        yield Finding("buttons", "BUTTON_ORDER", "mix replies with others: Meta wants the replies together")


def _links(draft: _Draft) -> Iterator[Finding]:
    found = [(place, link) for place, text in draft.texts for link in _LINK.findall(text)]
    found += [(f"buttons[{n}].url", button.url) for n, button in enumerate(draft.buttons) if button.type == "URL"]
    for place, link in found:
        address = link.removesuffix("{{1}}")
        if not address.lower().startswith("https://"):
            yield Finding(place, "NOT_HTTPS", "does not begin with https://")
        elif not leads_under(address.rstrip(".,;"), draft.bases):
            yield Finding(
                place, "LINK_NOT_APPROVED", f"leads elsewhere than {', '.join(draft.bases) or 'nowhere'}"
            )


def _filled(draft: _Draft) -> str:
    values = {str(number): value for number, value in enumerate(draft.example, 1)}
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), draft.body.text)


_CHECKS: tuple[Callable[[_Draft], Iterator[Finding]], ...] = (
    _frame,
    _lifetime,
    _lengths,
    _variables,
    _facts,
    _examples,
    _manner,
    _ways_out,
    _buttons,
    _links,
)
