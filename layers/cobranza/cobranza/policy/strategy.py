"""The ladder of reminders as data: who is written to, when, with which words.

A portfolio's team drops it as `strategy.yaml`. The first rule whose conditions a debt meets governs it:

    name: cards
    rules:
      - name: in court
        when: {tags: [legal]}
        steps: []                       # nobody is written to
      - name: everyone else
        priority: 60
        hour: 10
        steps:
          - {days: -3, template: recordatorio_previo}
          - {days: 3, template: saldo_vencido, by_segment: {chronic: {template: opciones_de_pago}}}

Days are counted from the due date in the borrower's own date.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise, zip_longest
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from cobranza.errors import InvalidInput
from cobranza.policy.caps import Caps
from cobranza.policy.registered import remedy
from cobranza.yaml_files import YamlFile

SHIPPED = ("standard", "preventive", "gentle")
_DEPTH = 8

type Segment = Literal["punctual", "slight", "chronic", "unknown"]
# What became of the newest message of the last 14 days: an answer since then, read, delivered, none of these; or
# that there was none.
type Last = Literal["replied", "read", "delivered", "not_delivered", "none"]
type Risk = Literal["A", "B", "C", "D", "E", "none"]
# When what a template says is true: before the due date and on it, on it alone, after it, or always.
type Announces = Literal["ahead", "today", "past", "always"]
type Days = Annotated[int, Field(ge=-60, le=365)]
type Name = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")]
type TemplateName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,512}$")]
type Tag = Annotated[str, StringConstraints(min_length=1, max_length=60, to_lower=True, strip_whitespace=True)]
type Percent = Annotated[int, Field(ge=0, le=50)]


def is_true(announces: Announces, days_past_due: int) -> bool:
    match announces:
        case "ahead":
            return days_past_due <= 0
        case "today":
            return days_past_due == 0
        case "past":
            return days_past_due > 0
        case "always":
            return True


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Between(_Model):
    """Both ends count; one may be left out."""

    min: Decimal | None = None
    max: Decimal | None = None

    def holds(self, value: Decimal | int) -> bool:
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)


class Conditions(_Model):
    """All that are named must hold. `balance` is what is owed now in the debt's own currency; of `tags` and of the
    other lists one must fit, of `without_tags` none may."""

    days_past_due: Between | None = None
    balance: Between | None = None
    currency: tuple[Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")], ...] = ()
    risk: tuple[Risk, ...] = ()
    tags: tuple[Tag, ...] = ()
    without_tags: tuple[Tag, ...] = ()
    segment: tuple[Segment, ...] = ()
    last_message: tuple[Last, ...] = ()

    @property
    def is_of_behaviour(self) -> bool:
        """Whether what the borrower does may change it from one moment to the next."""
        return bool(self.segment or self.last_message)


class Tagged(_Model):
    """A tag that each debt has which meets the conditions, for as long as it does."""

    tag: Tag
    when: Conditions


class Wording(_Model):
    """`past_due_template` takes the place of `template` once the due date is behind us."""

    template: TemplateName
    past_due_template: TemplateName | Literal[""] = ""

    def on(self, days_past_due: int) -> str:
        return self.past_due_template if self.past_due_template and days_past_due > 0 else self.template


class Step(Wording):
    days: Days
    by_segment: Mapping[Segment, Wording] = {}

    def wording(self, segment: Segment) -> Wording:
        return self.by_segment.get(segment, self)

    def template_on(self, days_past_due: int, segment: Segment = "unknown") -> str:
        return self.wording(segment).on(days_past_due)

    @property
    def wordings(self) -> tuple[Wording, ...]:
        return (self, *self.by_segment.values())


class SalaryDays(_Model):
    """A debt that is past due gets a reminder on these days of the month too; 31 is the last one. A day on which
    nobody may be written to becomes the next one that is open."""

    days: Annotated[tuple[Annotated[int, Field(ge=1, le=31)], ...], Field(min_length=1, max_length=4)]
    template: TemplateName


class Rule(_Model):
    """`priority` decides who comes first when not all can be sent, 100 before 0; `hour` is the local hour before
    which its messages do not leave, where the law leaves that hour open."""

    name: Name
    when: Conditions = Conditions()
    priority: Annotated[int, Field(ge=0, le=100)] = 50
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    steps: Annotated[tuple[Step, ...], Field(max_length=20)]
    salary: SalaryDays | None = None

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        if any(a.days >= b.days for a, b in pairwise(self.steps)):
            raise ValueError("steps must rise")
        return self

    @model_validator(mode="after")
    def _nothing_is_announced_that_is_past(self) -> Self:
        for step, following in zip_longest(self.steps, self.steps[1:]):
            days_of_next = following.days if following else 366
            if step.days <= 0 and days_of_next > 1 and not all(w.past_due_template for w in step.wordings):
                raise ValueError(
                    f"step {step.days} may still be on after the due date: it needs a past_due_template"
                )
        return self

    def step_on(self, days_past_due: int) -> Step | None:
        """The latest step that this day has reached."""
        return max((s for s in self.steps if s.days <= days_past_due), key=lambda s: s.days, default=None)


class Segments(_Model):
    """The newest `of` debts that were paid are looked at: none late is punctual, none later than
    `slight_days` is slight, else chronic."""

    of: Annotated[int, Field(ge=1, le=24)] = 6
    slight_days: Annotated[int, Field(ge=0, le=120)] = 15


class Strategy(_Model):
    """`max_days_late`: a step that is older says nothing useful any more and is not sent. `min_gap_hours` lie
    between two messages to one borrower, whatever they are of, and between a payment and the next reminder.
    `hold_out_percent` of the borrowers, always the same, are never reminded, to see what reminders do. `approval`:
    whether a person must agree to the portfolio's first plan, to none, or to each day's. `ramp` is how many are
    written to on the first days of sending from the portfolio's number. `promise_grace_days` pass after the day of
    a promise. `tags` are given in their order, so that one may ask for those before it."""

    name: Name
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=20)]
    tags: Annotated[tuple[Tagged, ...], Field(max_length=20)] = ()
    max_days_late: Annotated[int, Field(ge=0, le=60)] = 7
    min_gap_hours: Annotated[int, Field(ge=24, le=720)] = 48
    due_day: Literal["next_business_day", "as_given"] = "next_business_day"
    approval: Literal["first_plan", "never", "every_day"] = "first_plan"
    hold_out_percent: Percent = 0
    ramp: Annotated[tuple[Annotated[int, Field(ge=1, le=1_000_000)], ...], Field(max_length=30)] = (
        100,
        250,
        500,
        1_000,
        2_500,
        5_000,
    )
    promise_grace_days: Annotated[int, Field(ge=0, le=10)] = 2
    caps: Caps = Caps()
    segments: Segments = Segments()
    version: str = ""

    @property
    def label(self) -> str:
        """Names the exact strategy: name@version."""
        return f"{self.name}@{self.version}"

    @cached_property
    def turning_days(self) -> tuple[int, ...]:
        """The days past due on which another step or another rule may begin."""
        found: set[int] = set()
        for rule in self.rules:
            found |= {step.days for step in rule.steps}
        for each in (*self.rules, *self.tags):
            if (days := each.when.days_past_due) is not None:
                found |= {int(days.min)} if days.min is not None else set()
                found |= {int(days.max) + 1} if days.max is not None else set()
        return tuple(sorted(found))

    @cached_property
    def templates(self) -> frozenset[str]:
        """The names of all templates that it may use."""
        return frozenset(text.name for text in _texts(self))


def parse_strategy(
    data: bytes, templates: Mapping[str, Announces], unsendable: Callable[[str], str] = lambda _: ""
) -> Strategy:
    """Reads a strategy.yaml of at most 64 KB; its version is the beginning of its digest. `templates` are the
    names that exist, and when each text is true; `unsendable` tells why one cannot be sent as it is registered at
    Meta, empty where it can.

    Raises InvalidInput("BAD_STRATEGY") with a sentence that names every wrong field and its line.
    """
    file = YamlFile(data, "strategy.yaml", _refused, depth=_DEPTH)
    if "version" in file.values:
        raise _refused("version: it is made from the file's own bytes", "version")
    try:
        strategy = Strategy.model_validate(file.values | {"version": hashlib.sha256(data).hexdigest()[:12]})
    except ValidationError as error:
        raise file.explained(error) from error
    wrong = [
        f"{'.'.join(map(str, text.place))} (line {file.line(*text.place)}): {fault}"
        for text in _texts(strategy)
        if (fault := _fault(text, templates, unsendable))
    ]
    if wrong:
        raise _refused("; ".join(wrong[:10]), "rules")
    return strategy


def _fault(text: "_Text", templates: Mapping[str, Announces], unsendable: Callable[[str], str]) -> str:
    """Why a template cannot stand where it stands."""
    if text.name not in templates:
        return f"there is no template {text.name!r}"
    if not is_true(templates[text.name], text.first_day):
        return f"what {text.name!r} says is not true {text.first_day} days from the due date"
    if fault := unsendable(text.name):
        return f"{text.name!r} is {fault} at WhatsApp: {remedy(fault)}"
    return ""


@cache
def shipped(name: str) -> Strategy:
    """One of SHIPPED."""
    data = (resources.files("cobranza.policy") / "strategies" / f"{name}.yaml").read_bytes()
    values = YamlFile(data, f"{name}.yaml", _refused, depth=_DEPTH).values
    return Strategy.model_validate(values | {"version": hashlib.sha256(data).hexdigest()[:12]})


def standard() -> Strategy:
    return shipped("standard")


def json_schema() -> dict[str, Any]:
    """What editors check a strategy.yaml against while it is written."""
    schema = Strategy.model_json_schema()
    del schema["properties"]["version"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "strategy.yaml"}


class _Text(NamedTuple):
    """A template that a strategy names: where, as a path in the file, and the first day on which it may go."""

    place: tuple[str | int, ...]
    name: str
    first_day: int


def _texts(strategy: Strategy) -> Iterator[_Text]:
    for r, rule in enumerate(strategy.rules):
        for s, step in enumerate(rule.steps):
            place = ("rules", r, "steps", s)
            yield from _texts_of(place, step, step.days)
            for segment, wording in step.by_segment.items():
                yield from _texts_of((*place, "by_segment", segment), wording, step.days)
        if rule.salary:
            yield _Text(("rules", r, "salary", "template"), rule.salary.template, 1)


def _texts_of(place: tuple[str | int, ...], wording: Wording, day: int) -> Iterator[_Text]:
    yield _Text((*place, "template"), wording.template, day)
    if wording.past_due_template:
        yield _Text((*place, "past_due_template"), wording.past_due_template, max(day, 1))


def _refused(reason: str, field: str = "") -> InvalidInput:
    return InvalidInput("BAD_STRATEGY", reason, field)
