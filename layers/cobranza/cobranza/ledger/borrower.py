from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime

_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """That this borrower agreed to get payment reminders on WhatsApp, and how we know."""

    source: str
    at: datetime | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrower:
    """A person who owes. `ref` stands for the person everywhere outside the profile (see refs.py).

    `phone` is E.164 with its plus, empty while nobody has told it, and `phone_ref` stands for it in keys;
    `country` ISO 3166-1 alpha-2; `region` the ISO 3166-2 part after the country ("BCN") or empty when unknown;
    `language` a BCP 47 tag or empty for the portfolio's own;
    `receipt_until` the last day on which a receipt that nobody has verified yet pauses reminders; `held_until` the
    last day on which the creditor wants nobody to write; `channel` how the borrower wants to be reached;
    `wrong_number` that somebody else answers at `phone`; `unreachable` that it gets no WhatsApp, and no other one
    that we know; `shares_phone` that another borrower who owes has it too; `phone_at` when it was told first;
    `phone_refs` stand for it and for the second phone, where there is one;
    `number_from` where those who say that the borrower gave this phone have it from; `known_at` stands for the
    phone at which we know the borrower: they said so there, or were reminded there before;
    `tags` those that people or replies gave them, sorted;
    `heard_at` when the borrower last wrote to us, and `heard_noted_at` when we knew of it; `unread_at` the same of
    what waits to be understood;
    `case_until` until when a person looks into what they told us;
    `last4` stands for the last four digits of their document, empty where no file told it;
    `human_since` and `human_until` from when until when a person answers them, and no machine.
    """

    ref: str
    name: str
    phone: str
    country: str
    region: str = ""
    language: str = ""
    consent: Consent | None = None
    opted_out_at: datetime | None = None
    receipt_until: date | None = None
    held_until: date | None = None
    channel: str = "whatsapp"
    wrong_number: bool = False
    unreachable: bool = False
    phone_ref: str = ""
    shares_phone: bool = False
    phone_at: datetime = _EVER
    phone_refs: tuple[str, ...] = ()
    heard_at: datetime | None = None
    heard_noted_at: datetime | None = None
    unread_at: datetime | None = None
    case_until: datetime | None = None
    human_since: datetime | None = None
    human_until: datetime | None = None
    number_from: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    known_at: str = ""
    last4: str = ""

    def answers_at(self, phone_refs: Container[str]) -> bool:
        """Whether one of these is the phone, and nobody said that somebody else answers there."""
        return self.phone_ref in phone_refs and not self.wrong_number

    @property
    def is_known(self) -> bool:
        """Whether it is known who answers at `phone`."""
        return bool(self.phone_ref) and self.known_at == self.phone_ref
