"""Items of a borrower's partition as the values that the pure rooms know, and back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from cobranza.ledger.borrower import Borrower, Consent
from cobranza.ledger.confirmation import Confirmation, Subject
from cobranza.ledger.debt import Debt, Parts, Terms, Uploaded
from cobranza.ledger.heard import heard
from cobranza.ledger.money import Money
from cobranza.ledger.payment import Credit
from cobranza.ledger.promise import Promise, counted
from cobranza.policy.breaker import Breaker
from cobranza.policy.decision import Book
from cobranza.policy.due import Look, local_date
from cobranza.policy.feed import Pause
from cobranza.policy.message import Consumed, Message, State
from cobranza.store import keys
from cobranza.store.said import debt_standing_of, standing_of
from cobranza.store.table import Item, Update, utc


class Taken(NamedTuple):
    """WhatsApp took the message of a local day, at this moment, under its own id."""

    day: date
    wamid: str
    at: datetime


class Source(NamedTuple):
    """The import that told a debt last, and the line of its file: 0 where it was in none."""

    import_id: str
    line: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a borrower's look, under its `lease`: when the next one is, None for never, the steps that are
    used up, by the debt's key, the message that was taken, and `known_at`, the phone's reference where one that
    tells of debts was."""

    borrower: str
    lease: str
    look: Look | None
    steps: Mapping[str, Consumed] = field(default_factory=dict[str, Consumed])
    taken: Taken | None = None
    known_at: str = ""


def message_of(item: Item) -> Message:
    return Message(
        day=date.fromisoformat(item["sk"].partition("#")[2]),
        state=State(item["state"]),
        claimed_at=datetime.fromisoformat(item["claimed_at"]),
        attempts=int(item["attempts"]),
        failed_for=int(item.get("reason", {}).get("code", 0)),
        unreached=bool(item.get("unreached")),
        debts=_consumed_of(item["debts"]),
        template=item.get("template", ""),
        portfolio=item.get("portfolio", ""),
        phone_ref=phone_ref_of(item),
        confirms=item.get("confirms", ""),
    )


def confirmation_of(item: Item) -> Confirmation:
    return Confirmation(
        subject=Subject(item["subject"]),
        ref=item["ref"],
        portfolio=item["portfolio"],
        amount=Money(item["amount"], item["currency"]) if "amount" in item else None,
        day=date.fromisoformat(item["day"]),
        at=datetime.fromisoformat(item["at"]),
    )


def pause_of(item: Item) -> Pause | None:
    """The pause that a scope's item tells of, where it is on."""
    if "paused_at" not in item or "resumed_at" in item:
        return None
    return Pause(keys.scope_of(item["pk"]), item["paused_at"])


def breaker_of(item: Item) -> Breaker | None:
    """The breaker that an item tells of, where it is open."""
    return Breaker(item["sk"], item["since"], int(item["code"])) if "since" in item else None


def planned(ref: str, look: Look) -> Item:
    """When to look at a borrower, as the profile has it and the index *due* finds it."""
    due: Item = {"due_shard": keys.due_shard(ref), "due_at": utc(look.at)}
    return due if look.priority is None else due | {"priority": look.priority}


def finished(ended: Finish) -> Update:
    """Ends the lease, unless a file that came meanwhile wants another look."""
    steps = {key: [used.due_date, used.step] for key, used in ended.steps.items()}
    set_: Item = {"steps": steps}
    if ended.look:
        set_ |= planned(ended.borrower, ended.look)
    if ended.taken:
        set_["taken"] = {"day": ended.taken.day, "wamid": ended.taken.wamid, "at": utc(ended.taken.at)}
    if ended.known_at:
        set_["known_at"] = ended.known_at
    return Update(
        keys.profile(ended.borrower),
        set_,
        {"lease": ended.lease},
        ("lease",) if ended.look else ("lease", "due_at", "due_shard"),
        absent=("wanted",),
    )


def book_of(ref: str, items: Mapping[str, Item]) -> Book:
    """A borrower's partition by sort key; there must be a profile."""
    borrower = borrower_of(ref, items[keys.PROFILE], items.get(keys.STANDING))
    touches = standing_of(items.get(keys.STANDING)).touches
    return Book(
        borrower,
        debts_of(items),
        tuple(_messages(items)),
        tuple(credit_of(item) for sk, item in items.items() if sk.startswith(keys.CREDIT)),
        tuple(local_date(borrower, touch.at) for touch in sorted(touches)),
        promises_of(items),
        tuple(map(confirmation_of, _waiting(items))),
        tuple(message_of(item) for sk, item in items.items() if sk.startswith(keys.TOLD)),
    )


def _messages(items: Mapping[str, Item]) -> Iterator[Message]:
    """That the last one was taken stands in the profile, with the end of its look; news of it in itself."""
    taken = items[keys.PROFILE].get("taken", {}).get("day")
    for sk, item in items.items():
        if sk.startswith(keys.MESSAGE):
            message = message_of(item)
            was_taken = message.state is State.CLAIMED and message.day.isoformat() == taken
            yield replace(message, state=State.ACCEPTED) if was_taken else message


def _waiting(items: Mapping[str, Item]) -> Iterator[Item]:
    return (item for sk, item in items.items() if sk.startswith(keys.CONFIRMATION) and "outcome" not in item)


def promises_of(items: Mapping[str, Item]) -> dict[str, tuple[Promise, ...]]:
    """What was promised about each debt, or about all of them, by the debt's key."""
    of_all = standing_of(items.get(keys.STANDING)).promises
    found: dict[str, tuple[Promise, ...]] = {}
    for sk, item in items.items():
        if sk.startswith(keys.DEBT):
            mark = items.get(keys.mark(item["portfolio"], item["debt_id"]))
            if promises := debt_standing_of(mark).promises | of_all:
                found[sk.removeprefix(keys.DEBT)] = counted(promises)
    return found


def debts_of(items: Mapping[str, Item]) -> tuple[Debt, ...]:
    """All debts of a borrower's partition, with what was said of each and of all."""
    disputed = standing_of(items.get(keys.STANDING)).dispute.stands
    steps = steps_of(items.get(keys.PROFILE))
    debts = (
        debt_of(item, items.get(keys.mark(item["portfolio"], item["debt_id"])), steps)
        for sk, item in items.items()
        if sk.startswith(keys.DEBT)
    )
    return tuple(replace(debt, disputed=True) if disputed else debt for debt in debts)


def sources_of(items: Mapping[str, Item]) -> dict[str, Source]:
    """What told each debt of a borrower's partition last, by its key."""
    return {
        sk.removeprefix(keys.DEBT): Source(item.get("source", ""), int(item.get("line", 0)))
        for sk, item in items.items()
        if sk.startswith(keys.DEBT)
    }


def borrower_of(ref: str, item: Item, standing: Item | None = None) -> Borrower:
    """The borrower as files told, and as people said besides."""
    return heard(
        told_of(ref, item),
        standing_of(standing),
        as_of=datetime.fromisoformat(item["as_of"]),
        phone_as_of=datetime.fromisoformat(item.get("phone_as_of", item["as_of"])),
        no_consent_at=_moment(item.get("no_consent_at")),
        said_phone_ref=phone_ref_of(standing),
        second_phone_ref=(standing or {}).get("second_phone_ref", ""),
        phone_changed_at=_moment(item.get("phone_changed_at")),
    )


def told_of(ref: str, item: Item) -> Borrower:
    """The borrower as files told."""
    consent = item.get("consent")
    return Borrower(
        ref=ref,
        name=item["name"],
        phone=item["phone"],
        phone_ref=phone_ref_of(item),
        country=item["country"],
        region=item["region"],
        language=item["language"],
        consent=consent_of(consent) if consent else None,
        opted_out_at=_moment(item.get("opted_out_at")),
        receipt_until=_day(item.get("receipt_until")),
        heard_at=_moment(item.get("last_inbound_at")),
        heard_noted_at=_moment(item.get("heard_noted_at")),
        unread_at=_moment(item.get("unread_at")),
        human_since=_moment(item.get("human_since")),
        human_until=_moment(item.get("human_until")),
        known_at=item.get("known_at", ""),
        last4=item.get("last4", ""),
    )


def phone_ref_of(item: Item | None) -> str:
    """The reference of the phone that a PROFILE, a STANDING or a MSG tells; empty where it tells none."""
    return (item or {}).get("phone_ref", "")


def consent_item(consent: Consent) -> Item:
    return {"source": consent.source, "at": consent.at, "text": consent.text}


def consent_of(item: Item) -> Consent:
    at = item["at"]
    return Consent(source=item["source"], at=datetime.fromisoformat(at) if at else None, text=item["text"])


def steps_of(profile: Item | None) -> Mapping[str, Consumed]:
    """The steps that messages have used up, by the debt's key."""
    return _consumed_of((profile or {}).get("steps", {}))


def _consumed_of(told: Mapping[str, tuple[str, Decimal]]) -> dict[str, Consumed]:
    return {key: Consumed(date.fromisoformat(due_date), int(step)) for key, (due_date, step) in told.items()}


def debt_of(item: Item, mark: Item | None = None, steps: Mapping[str, Consumed] | None = None) -> Debt:
    """`mark` is what was said of the debt besides: recalled, disputed, held; `steps` as of `steps_of`."""
    mark = mark or {}
    terms = terms_of(item)
    used = (steps or {}).get(terms.key)
    return Debt(
        terms=terms,
        # A step belongs to the due date it was consumed for: a new date is a new ladder.
        step=used.step if used and used.due_date == terms.due_date else None,
        paid=parts_of(item.get("paid", {})),
        closed=item.get("closed", ""),
        recalled=bool(mark.get("recalled")),
        disputed=bool(mark.get("disputed")) or terms.contested,
        refused_row=bool(item.get("refused_row")),
        held_until=_day(mark.get("held_until")),
        requested_on=_day(item.get("requested_on")),
        uploaded=_uploaded(item.get("uploaded")),
    )


def uploaded_item(uploaded: Uploaded) -> Item:
    told = {"link": uploaded.link, "number": uploaded.number, "media_id": uploaded.media_id}
    return told | {"at": utc(uploaded.at)}


def _uploaded(item: Item | None) -> Uploaded | None:
    if not item:
        return None
    return Uploaded(item["link"], item["number"], item["media_id"], datetime.fromisoformat(item["at"]))


def terms_of(item: Item) -> Terms:
    return Terms(
        portfolio=item["portfolio"],
        debt_id=item["debt_id"],
        instalment=item["instalment"],
        amount=item["amount"],
        balance=item["balance"],
        late_fee=item.get("late_fee", Decimal(0)),
        currency=item["currency"],
        due_date=date.fromisoformat(item["due_date"]),
        as_of=datetime.fromisoformat(item["as_of"]),
        payment_url=item.get("payment_url", ""),
        document_url=item.get("document_url", ""),
        document_name=item.get("document_name", ""),
        tags=tuple(item.get("tags", ())),
        risk=item.get("risk", ""),
        extra=item.get("extra", {}),
        contested=bool(item.get("contested")),
    )


def credit_of(item: Item) -> Credit:
    _, portfolio, currency = item["sk"].split("#")
    as_of = item.get("as_of")
    return Credit(
        portfolio=portfolio,
        currency=currency,
        declared=item.get("declared", Decimal(0)),
        as_of=datetime.fromisoformat(as_of) if as_of else None,
        overpaid=parts_of(item.get("overpaid", {})),
    )


def parts_of(item: Mapping[str, list[object]]) -> Parts:
    """What payments gave, by payment id."""
    return {
        payment: (datetime.fromisoformat(str(moment)), Decimal(str(amount)))
        for payment, (moment, amount) in item.items()
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
