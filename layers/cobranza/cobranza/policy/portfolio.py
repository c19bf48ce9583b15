"""A portfolio: on whose behalf we write, from which number, with what consent, and where we may link to.

The creditor's team drops it as `portfolio.yaml`; every text below is written by them:

    creditor: {legal_name: Acme S.A. de C.V., shown_name: Acme, complaints_channel: 800 000 0000}
    creditor_type: first_party
    phone_number_id: "106540352242922"
    countries: [MX]
    language: es
    consent: {text: I agree to get payment reminders from Acme on WhatsApp, source: credit application}
    link_bases: ["https://pay.example.com/acme"]
"""

import re
from collections.abc import Callable, Container, Iterable
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from cobranza.errors import InvalidInput
from cobranza.yaml_files import MAX_BYTES as MAX_BYTES
from cobranza.yaml_files import YamlFile

type TemplateLanguage = Literal["es", "es_AR", "pt_BR", "en"]
_TEMPLATE_LANGUAGES: dict[str, TemplateLanguage] = {"es": "es", "es-ar": "es_AR", "pt": "pt_BR", "en": "en"}

# No user, no backslash, no space, nothing beyond ASCII, no bare address of a machine: what a person reads is where
# a browser goes, and where we fetch documents from.
_LINK = re.compile(
    r"https://(?P<host>(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?::[0-9]{1,5})?)"
    r"(?P<path>/[a-z0-9._~!$&'()*+,;=:@%/-]*)?(?P<rest>[?#][a-z0-9._~!$&'()*+,;=:@%/?#\[\]-]*)?",
    re.IGNORECASE | re.ASCII,
)
_MAX_LINK = 2048


def _only_own_reminders(value: object) -> object:
    if value == "first_party":
        return value
    raise PydanticCustomError(
        "creditor_type",
        "must be first_party: WhatsApp's business policy prohibits debt collection, so only a creditor's own "
        "reminders to its own customers are sent, never those of an agency or of a buyer of debts",
    )


def _link_base(value: str) -> str:
    parts = _split_link(value)
    if parts is None or parts[2]:
        raise PydanticCustomError("link_base", "must be a prefix such as https://pay.example.com/acme")
    return value


def _without_link(value: str) -> str:
    if "://" in value:
        raise PydanticCustomError("pay_option", "holds no link: a debt's own goes into payment_url")
    return value


# Days past due from which a case is one for collections.
COLLECTIONS_FROM = 30

# These stand in messages, where WhatsApp allows neither new lines nor tabs.
type Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
type ShownName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")]
type Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
type LinkBase = Annotated[str, StringConstraints(max_length=500), AfterValidator(_link_base)]
# How to pay without a link. Braces would look like a text that was not filled in; a link has columns of its own.
type PayOption = Annotated[
    str,
    StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f{}]*$"),
    AfterValidator(_without_link),
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, defer_build=True)


class Creditor(_Model):
    legal_name: Line
    shown_name: ShownName
    complaints_channel: Line


class ConsentWording(_Model):
    """What borrowers agreed to, and where."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    source: Line


class Portfolio(_Model):
    """One portfolio of the creditor. `phone_number_id` is the sending number's id at Meta, `language` the one
    of messages whose row names none, `countries` ISO 3166-1 alpha-2, `receipt_pause_days` how long a receipt that
    nobody has verified keeps reminders back, `receipt_case_days` how many days more once a person was asked,
    `collections_from_days` from how many days past due on a case is one for collections,
    `freshness_hours` after how many business hours without a file nobody is reminded any more, `strategy` which
    shipped one holds until a strategy.yaml is dropped, `needs_payment_link` whether a debt with no way to pay is
    kept back, neither an approved link nor one of `pay_options`, which are printed where there is no link;
    `button_base` is the address that the button of factura_con_enlace was registered with, without its {{1}};
    `numbers_given_by_borrower` are the sources of consents, and of new phones, with which the borrower gave the
    number: any other phone is first asked who answers there; `confirms_payments` whether a borrower is told that a
    payment was booked, `thanks_punctual` whether who paid in full by the due date is thanked besides: WhatsApp may
    take that for marketing; `identity_check` what somebody who asks what they owe tells first: the last four
    digits of their document."""

    portfolio_id: str
    creditor: Creditor
    creditor_type: Annotated[Literal["first_party"], BeforeValidator(_only_own_reminders)]
    phone_number_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]
    countries: Annotated[tuple[Country, ...], Field(min_length=1, max_length=30)]
    language: TemplateLanguage
    consent: ConsentWording
    link_bases: Annotated[tuple[LinkBase, ...], Field(max_length=50)] = ()
    receipt_pause_days: Annotated[int, Field(ge=0, le=30)] = 3
    receipt_case_days: Annotated[int, Field(ge=0, le=30)] = 2
    collections_from_days: Annotated[int, Field(ge=1, le=3650)] = COLLECTIONS_FROM
    freshness_hours: Annotated[int, Field(ge=1, le=240)] = 24
    strategy: Literal["standard", "preventive", "gentle"] = "standard"
    needs_payment_link: bool = False
    pay_options: Annotated[tuple[PayOption, ...], Field(max_length=3)] = ()
    button_base: LinkBase | Literal[""] = ""
    numbers_given_by_borrower: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    confirms_payments: bool = True
    thanks_punctual: bool = False
    identity_check: Literal["none", "last4_document"] = "none"

    @model_validator(mode="after")
    def _the_button_leads_under_a_base(self) -> Self:
        if self.button_base and not self.approves_link(self.button_base):
            raise PydanticCustomError("button_base", "button_base: must lead under one of link_bases")
        return self

    def within(self, countries: Container[str]) -> Self:
        """The same portfolio in those of its countries that are among `countries`; there may be none."""
        return self.model_copy(update={"countries": tuple(each for each in self.countries if each in countries)})

    def approves_link(self, url: str) -> bool:
        """Whether the link leads under one of `link_bases`."""
        return leads_under(url, self.link_bases)

    def has_way_to_pay(self, url: str) -> bool:
        return bool(self.pay_options) or self.approves_link(url)

    def knows_number(self, sources: Iterable[str]) -> bool:
        """Whether one of the sources of a number is one with which borrowers give it themselves."""
        given = {source.strip().casefold() for source in self.numbers_given_by_borrower}
        return any(source.strip().casefold() in given for source in sources)

    def fits_button(self, url: str) -> bool:
        """Whether the registered button can lead to exactly this link."""
        begins = bool(self.button_base) and url.startswith(self.button_base) and url != self.button_base
        return begins and self.approves_link(url)

    def template_language(self, language_tag: str) -> TemplateLanguage:
        """The template's language for a BCP 47 tag ("pt-BR", "es_MX"), else the portfolio's own. A tag without a
        country (es) leaves the portfolio's own Spanish (es_AR) as it is."""
        tag = language_tag.strip().lower().replace("_", "-")
        primary = tag.split("-")[0]
        if tag == self.language.split("_")[0]:
            return self.language
        return _TEMPLATE_LANGUAGES.get(tag) or _TEMPLATE_LANGUAGES.get(primary, self.language)


def leads_under(url: str, bases: Iterable[str]) -> bool:
    """Whether an https link leads under one of the bases: same host and port, path inside the base's."""
    link = _split_link(url)
    if link is None:
        return False
    host, path, _ = link
    for base in bases:
        if (parts := _split_link(base)) and parts[0] == host:
            inside = parts[1].rstrip("/")
            if path == inside or path.startswith(inside + "/"):
                return True
    return False


def valid_portfolio_id(text: str) -> bool:
    return re.fullmatch("[a-z0-9-]{1,40}", text) is not None


def parse_portfolio(
    data: bytes, portfolio_id: str, button_bases: Callable[[str], Iterable[str]] = lambda _: ()
) -> Portfolio:
    """Reads a portfolio.yaml of at most 64 KB. `button_bases` tells with which addresses buttons are registered
    in a language, as far as anybody knows.

    Raises InvalidInput("BAD_PORTFOLIO") with a sentence that names every wrong field and its line.
    """
    if not valid_portfolio_id(portfolio_id):
        raise _refused("the portfolio's id is 1 to 40 of a-z, 0-9 and -")
    file = YamlFile(data, "portfolio.yaml", _refused)
    if "portfolio_id" in file.values:
        raise _refused("portfolio_id: the folder already names the portfolio", "portfolio_id")
    try:
        portfolio = Portfolio.model_validate(file.values | {"portfolio_id": portfolio_id})
    except ValidationError as error:
        raise file.explained(error) from error
    others = sorted(base for base in button_bases(portfolio.language) if base != portfolio.button_base)
    if portfolio.button_base and others:
        place = f"button_base (line {file.line('button_base')})"
        raise _refused(f"{place}: at WhatsApp the button is registered with {others[0]}", "button_base")
    return portfolio


def _split_link(url: str) -> tuple[str, str, str] | None:
    """Host with port, path, and the rest; None for a link that is not plainly https or that climbs (`..`)."""
    link = _LINK.fullmatch(url) if len(url) <= _MAX_LINK else None
    if link is None:
        return None
    host, path, rest = link["host"].lower().removesuffix(":443"), link["path"] or "", link["rest"] or ""
    # Servers may decode these before they resolve the path.
    if re.search("%2e|%2f|%5c|%25", path.lower()) or {".", ".."} & set(path.split("/")):
        return None
    return host, path, rest


def _refused(reason: str, field: str = "") -> InvalidInput:
    return InvalidInput("BAD_PORTFOLIO", reason, field)
