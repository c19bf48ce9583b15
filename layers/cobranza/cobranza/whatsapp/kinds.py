"""What each text of `template_files/` is for, the facts it takes, and those facts by name.

A template's variables have numbers, as Meta wants them; here each number has a name. Whoever has the facts gets
the parameters from `parameters`, and nothing that is missing, empty or unfilled leaves.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from cobranza.errors import InvalidInput
from cobranza.policy.strategy import Announces

# Ready texts. `check_at` is where to find out that it is the creditor who writes; `owed` is of the debts that are
# as far as the oldest, `total` of all, `debts` names each; `how_to_pay` is words or a link, `link` goes behind a
# button; `document` is the media id of a PDF that was uploaded.
type Fact = Literal[
    "name",
    "creditor",
    "check_at",
    "owed",
    "total",
    "debts",
    "due_date",
    "how_to_pay",
    "link",
    "document",
    "document_name",
    "paid",
    "paid_on",
    "promised_day",
]
# What the buttons of a first contact send back, before the message's own id.
YES, NOT_ME = "yes", "not_me"

type Facts = Mapping[Fact, str]

# What a URL button and a header take; every other fact is a variable of the body.
_BESIDE_BODY = ("link", "document", "document_name")
_FROM_REMINDER: frozenset[Fact] = frozenset(
    (
        *("name", "creditor", "owed", "total", "debts", "due_date", "how_to_pay", "link", "check_at"),
        *("document", "document_name"),
    )
)
# "None" is what Python writes for nothing, NULL and NaN alone what databases and sheets do, {{1}} and ${name} what
# a mail merge leaves.
_UNFILLED = re.compile(r"\{\{|\}\}|\$\{|\bNone\b|^(?i:null|nan)$")
_NOT_ALLOWED = re.compile(r"[\n\r\t]| {4}")


class Kind(NamedTuple):
    """`facts` in the order of the body's variables, those of header and button among them. `announces` is when the
    text is true; `asks` that it asks for money, so that it is a reminder; `is_discreet` that it says nothing of
    money, because somebody else may read it; `without_link` is the text that stands in for one with a button where
    there is no link for it; `payloads` are what its first buttons send back."""

    facts: tuple[Fact, ...]
    announces: Announces = "always"
    asks: bool = True
    is_discreet: bool = False
    without_link: str = ""
    payloads: tuple[str, ...] = ()

    @property
    def body(self) -> tuple[Fact, ...]:
        return tuple(fact for fact in self.facts if fact not in _BESIDE_BODY)

    @property
    def is_fillable(self) -> bool:
        """Whether all of its facts are known where a reminder is decided."""
        return _FROM_REMINDER.issuperset(self.facts)

    @property
    def is_sendable(self) -> bool:
        """Whether a strategy may name it."""
        return self.asks and self.is_fillable


_PAYMENT: tuple[Fact, ...] = ("name", "creditor", "owed", "due_date", "how_to_pay")

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "primer_contacto": Kind(
            facts=("name", "creditor", "check_at"), asks=False, is_discreet=True, payloads=(YES, NOT_ME)
        ),
        "recordatorio_previo": Kind(facts=_PAYMENT, announces="ahead"),
        "vence_hoy": Kind(facts=_PAYMENT, announces="today"),
        "saldo_vencido": Kind(facts=_PAYMENT, announces="past"),
        "factura_vencida": Kind(facts=_PAYMENT, announces="past"),
        "factura_con_enlace": Kind(
            facts=("name", "creditor", "owed", "due_date", "link"),
            announces="past",
            without_link="factura_vencida",
        ),
        "factura_documento": Kind(facts=("name", "creditor", "owed", "due_date", "document", "document_name")),
        "estado_de_cuenta": Kind(facts=("name", "creditor", "debts", "total", "how_to_pay")),
        "opciones_de_pago": Kind(facts=_PAYMENT, announces="past"),
        "recordatorio_promesa": Kind(facts=("name", "creditor", "promised_day", "owed", "how_to_pay")),
        "promesa_no_vista": Kind(
            facts=("name", "creditor", "promised_day", "owed", "how_to_pay"), announces="past"
        ),
        "pago_recibido": Kind(facts=("name", "creditor", "paid", "paid_on"), asks=False),
        "gracias_por_su_pago": Kind(facts=("name", "creditor"), asks=False),
        "comprobante_recibido": Kind(facts=("name", "creditor"), asks=False),
        "comprobante_no_confirmado": Kind(facts=("name", "creditor"), asks=False),
        "consulta_respondida": Kind(facts=("name", "creditor"), asks=False, is_discreet=True),
        "mensajes_detenidos": Kind(facts=("name", "creditor"), asks=False),
    }
)


def kind_of(name: str) -> Kind | None:
    """The kind of a template's name, which may end in a version (`saldo_vencido_v2`)."""
    return KINDS.get(re.sub(r"_v\d+$", "", name))


def parameters(kind: Kind, facts: Facts) -> tuple[str, ...]:
    """The body's texts in the order of its variables. Raises InvalidInput (BAD_PARAMETERS), so that what Meta or a
    borrower would trip over is known before any call."""
    return tuple(fact_of(facts, fact) for fact in kind.body)


def fact_of(facts: Facts, fact: Fact) -> str:
    """One fact's text, checked in the same way."""
    return checked(facts.get(fact, ""), fact)


def checked(text: str, what: str) -> str:
    """The text itself. Raises InvalidInput (BAD_PARAMETERS) for what nobody may read and what Meta refuses."""
    if not text.strip():
        fault = "is empty"
    elif _UNFILLED.search(text):
        fault = "was not filled in"
    elif _NOT_ALLOWED.search(text):
        fault = "holds a new line, a tab or a run of spaces"
    else:
        return text
    raise InvalidInput("BAD_PARAMETERS", f"{what} {fault}", what)
