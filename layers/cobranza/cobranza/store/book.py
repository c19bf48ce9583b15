"""The book as imports read and write it: what is open in a portfolio, what is known of a borrower, and the writes
that a file asks for, each of which finds things as they were read or is not made.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter, itemgetter

from cobranza.ledger.borrower import Borrower, Consent
from cobranza.ledger.debt import Terms, paid_after
from cobranza.ledger.heard import heard
from cobranza.policy.due import Look
from cobranza.policy.retention import expires
from cobranza.store import keys, personal_keys
from cobranza.store.items import borrower_of, consent_item, consent_of, parts_of, phone_ref_of, planned, told_of
from cobranza.store.said import standing_of
from cobranza.store.table import Insert, Item, Table, Update, Write, utc

# Of a person; of more the last ones that files told.
MOST_PHONES = 10


@dataclass(frozen=True, slots=True)
class Open:
    """A debt of the open book as its index holds it. `digest` is the row's that told it, `source` the import's;
    `balance` is as declared at `as_of`, `owed` what is left of it now."""

    borrower: str
    debt: str
    digest: str
    balance: Decimal
    currency: str
    due_date: date
    as_of: str
    rev: int
    source: str
    late_fee: Decimal = Decimal(0)
    paid: Mapping[str, list[object]] = field(default_factory=dict[str, list[object]])

    @property
    def owed(self) -> Decimal:
        """With the late fee, and less the payments that the balance does not know yet."""
        total = self.balance + self.late_fee
        if not self.paid:
            return total
        return max(total - paid_after(parts_of(self.paid), datetime.fromisoformat(self.as_of)), Decimal(0))


@dataclass(frozen=True, slots=True)
class Known:
    """What the table holds of a borrower before a file is written: items by sort key, none for a new one."""

    borrower: str
    items: Mapping[str, Item]

    @property
    def profile(self) -> Item | None:
        return self.items.get(keys.PROFILE)

    def debt(self, key: str) -> Item | None:
        return self.items.get(keys.DEBT + key)

    @property
    def debts(self) -> Iterator[str]:
        return (sk.removeprefix(keys.DEBT) for sk in self.items if sk.startswith(keys.DEBT))

    def has_phone(self, phone: str) -> bool:
        return self.profile is not None and self.profile.get("phone") == phone

    @property
    def consent(self) -> Consent | None:
        item = self.profile and self.profile.get("consent")
        return consent_of(item) if item else None

    @property
    def is_planned(self) -> bool:
        """Whether a moment to look at the borrower is set."""
        return self.profile is not None and "due_at" in self.profile

    @property
    def told(self) -> Borrower | None:
        """By the files alone."""
        return told_of(self.borrower, self.profile) if self.profile else None

    @property
    def person(self) -> Borrower | None:
        """By the files, and by what people said besides."""
        return borrower_of(self.borrower, self.profile, self.items.get(keys.STANDING)) if self.profile else None

    def heard(self, told: Borrower, as_of: datetime, *, said_no: bool) -> Borrower:
        """Somebody as a file of `as_of` tells them, and as people said besides."""
        there = self.profile or {}
        since = _no_consent_at(there, told.consent, as_of, said_no=said_no)
        said = self.items.get(keys.STANDING)
        no_consent_at = datetime.fromisoformat(since) if since else None
        phone_as_of = _phones_told(there, told, [], as_of)["phone_as_of"]
        if stopped_at := there.get("opted_out_at"):
            told = replace(told, opted_out_at=datetime.fromisoformat(stopped_at))
        return heard(
            told,
            standing_of(said),
            as_of=as_of,
            phone_as_of=datetime.fromisoformat(phone_as_of),
            no_consent_at=no_consent_at,
            said_phone_ref=phone_ref_of(said),
            second_phone_ref=(said or {}).get("second_phone_ref", ""),
        )

    def mark(self, portfolio: str, debt_id: str) -> Item | None:
        """What was said of a debt."""
        return self.items.get(keys.mark(portfolio, debt_id))

    def has_debt(self, portfolio: str, debt_id: str) -> bool:
        """Whether there is such a debt, with or without instalments."""
        return any(sk.startswith(f"{keys.DEBT}{portfolio}#{debt_id}#") for sk in self.items)


class Book:
    def __init__(self, table: Table) -> None:
        self._table = table

    def open_debts(self, portfolio: str, shards: Iterable[int] | None = None) -> Iterator[Open]:
        """The open debts of a portfolio, or of these shards of it, from the index: as of moments ago. Those of a
        borrower come together."""
        for shard in range(keys.BOOK_SHARDS) if shards is None else shards:
            place = {"book": keys.book(portfolio, shard)}
            yield from map(_open_of, self._table.query("book = :book", place, index="book"))

    def borrowers(self, portfolio: str) -> Iterator[str]:
        """Whoever has an open debt in a portfolio."""
        return (borrower for borrower, _ in groupby(self.open_debts(portfolio), attrgetter("borrower")))

    def ever_owed(self, debt_id: str, portfolio: str = "") -> set[str]:
        """Whoever has, or had, a debt of this number, in one portfolio if told: the whole table is read, because
        what is closed is in no index."""
        found: set[str] = set()
        for item in self._table.scan(("pk", "sk")):
            if item["sk"].startswith(keys.DEBT):
                owner, number, *_ = item["sk"].removeprefix(keys.DEBT).split("#")
                if number == debt_id and portfolio in ("", owner):
                    found.add(keys.borrower_of(item["pk"]))
        return found

    def open_debts_of(self, borrower: str, portfolio: str) -> Iterator[Open]:
        """One borrower's open debts of a portfolio, as of now."""
        place = keys.book(portfolio, keys.book_shard(borrower))
        return (_open_of(item) for item in self.known(borrower).items.values() if item.get("book") == place)

    def known(self, borrower: str) -> Known:
        items = self._table.query("pk = :pk", {"pk": keys.borrower_pk(borrower)})
        return Known(borrower, {item["sk"]: item for item in items})

    def heard_from(self, shards: Iterable[int]) -> set[str]:
        """The borrowers of these shards who said something or asked us to stop, from the index."""
        places = map(keys.heard_in, shards)
        found = (
            item for place in places for item in self._table.query("book = :book", {"book": place}, index="book")
        )
        return {keys.borrower_of(item["pk"]) for item in found}

    def erased(self) -> set[str]:
        """Whoever was erased: no file brings them back."""
        return {item["sk"] for item in self._table.query("pk = :pk", {"pk": personal_keys.ERASED})}

    def people(self, borrowers: Iterable[str]) -> dict[str, Borrower]:
        """Of these borrowers, those whom we know, by what files told and people said."""
        found = self._table.get_all([key for ref in borrowers for key in (keys.profile(ref), keys.said(ref))])
        said = {item["pk"]: item for item in found if item["sk"] == keys.STANDING}
        people = (
            borrower_of(keys.borrower_of(item["pk"]), item, said.get(item["pk"]))
            for item in found
            if item["sk"] == keys.PROFILE
        )
        return {person.ref: person for person in people}

    def behind(self, phones: Iterable[str], borrower: str) -> set[str]:
        """Of these references to phones, those that lead to the borrower."""
        found = self._table.get_all([keys.reference(phone, borrower) for phone in dict.fromkeys(phones)])
        return {keys.phone_of(item["pk"]) for item in found}

    def write(self, writes: Sequence[Write]) -> list[bool]:
        return self._table.write_all(writes)


def _open_of(item: Item) -> Open:
    return Open(
        borrower=keys.borrower_of(item["pk"]),
        debt=item["sk"].removeprefix(keys.DEBT),
        digest=item["digest"],
        balance=item["balance"],
        currency=item["currency"],
        due_date=date.fromisoformat(item["due_date"]),
        as_of=item["as_of"],
        rev=int(item["rev"]),
        source=item["source"],
        late_fee=item.get("late_fee", Decimal(0)),
        paid=item.get("paid", {}),
    )


def reference(ref: str, borrower: str) -> Insert:
    """That the borrower stands behind the reference to a phone, or to an identity document."""
    return Insert(keys.reference(ref, borrower))


@dataclass(frozen=True, slots=True)
class Told:
    """What a row of a file says of a borrower's debt. `digest` is of all that it says, `line` where it stands in
    the file of the import `source`, `country` where it says that the borrower lives."""

    borrower: str
    terms: Terms
    digest: str
    source: str
    line: int
    country: str

    @property
    def key(self) -> dict[str, str]:
        return keys.debt(self.borrower, self.terms.key)


def new_debt(told: Told) -> Insert:
    return Insert(told.key | _told(told) | {"rev": 1})


def repeats_balance(there: Item, terms: Terms) -> bool:
    """Whether a row says the balance that is there, whatever else it says: it has seen no payment since. A fee may
    grow meanwhile."""
    if "closed" in there:
        return False
    known = (there["amount"], there["balance"], there["currency"], there["due_date"])
    is_same = known == (terms.amount, terms.balance, terms.currency, terms.due_date.isoformat())
    return is_same and there.get("late_fee", Decimal(0)) <= terms.late_fee


def _with_balance(there: Item, terms: Terms) -> Terms:
    """The terms with the moment since when the balance is so; where all of it was paid since, no fee grows."""
    if not repeats_balance(there, terms):
        return terms
    as_of, fee = datetime.fromisoformat(there["as_of"]), there.get("late_fee", Decimal(0))
    paid = paid_after(parts_of(there.get("paid", {})), as_of)
    return replace(terms, as_of=as_of, late_fee=fee if 0 < paid >= terms.balance + fee else terms.late_fee)


def changed_debt(there: Item, row: Told) -> Update:
    """What a newer row says of a debt that is there; it opens what had been closed."""
    told = _told(replace(row, terms=_with_balance(there, row.terms)))
    gone = [
        name
        for name in (*_OPTIONAL, "book", "closed", "expires", "refused_row")
        if name in there and name not in told
    ]
    rev = there["rev"]
    return Update(row.key, told | {"rev": rev + 1}, {"rev": rev}, gone)


def closed_debt(debt: Open, why: str, as_of: datetime, source: str, countries: Iterable[str]) -> Update:
    """It leaves the open book. Without a digest the next row that lists it is news. `countries` are those of its
    portfolio."""
    told: Item = {"closed": why, "as_of": utc(as_of), "digest": "", "source": source, "line": 0}
    told |= {"rev": debt.rev + 1}
    told["expires"] = expires("closed_debts", as_of, *countries)
    return Update(keys.debt(debt.borrower, debt.debt), told, {"rev": debt.rev}, ("book",))


def doubtful_debt(debt: Open, source: str, line: int) -> Update:
    """The newest file lists it in a row that was refused: nobody is reminded of it until a good row comes."""
    told = {"refused_row": True, "digest": "", "source": source, "line": line, "rev": debt.rev + 1}
    return Update(keys.debt(debt.borrower, debt.debt), told, {"rev": debt.rev})


def new_profile(
    person: Borrower,
    borrower_id: str,
    digest: str,
    as_of: datetime,
    look: Look | None,
    *,
    other_phones: Iterable[str] = (),
    said_no: bool = False,
) -> Insert:
    """`other_phones` stand for those that the file tells besides; `said_no`: it says that they did not agree to be
    written to."""
    item = keys.profile(person.ref) | _told_of(person, borrower_id)
    item |= {"as_of": utc(as_of), "digest": digest, "rev": 1}
    item |= _phones_told({}, person, other_phones, as_of)
    if said_no:
        item["no_consent_at"] = utc(as_of)
    if look:
        item |= planned(person.ref, look)
    return Insert(item)


def changed_profile(
    there: Item,
    person: Borrower,
    borrower_id: str,
    digest: str,
    as_of: datetime,
    *,
    other_phones: Iterable[str] = (),
    said_no: bool = False,
) -> Update:
    """What a newer file says of somebody we know. It lifts no stop.

    A phone, and a "no", are of the file that told them first: those that repeat it are no later word."""
    told = _told_of(person, borrower_id) | {"as_of": utc(as_of), "digest": digest}
    told |= _phones_told(there, person, other_phones, as_of)
    if there["phone"] not in ("", person.phone):
        told["phone_changed_at"] = utc(as_of)
    if since := _no_consent_at(there, person.consent, as_of, said_no=said_no):
        told["no_consent_at"] = since
    gone = [name for name in ("consent", "no_consent_at") if name in there and name not in told]
    rev = there["rev"]
    return Update(keys.profile(person.ref), told | {"rev": rev + 1}, {"rev": rev}, gone)


def _phones_told(there: Item, person: Borrower, other_phones: Iterable[str], as_of: datetime) -> Item:
    """Since when files tell the person's phone, and where they tell several, each of them."""
    known = {phone_ref_of(there): there.get("phone_as_of", there.get("as_of"))} | there.get("phones", {})
    since = dict.fromkeys((person.phone_ref, *other_phones), utc(as_of)) | known
    since.pop("", None)
    told: Item = {"phone_as_of": since.get(person.phone_ref, utc(as_of))}
    if len(since) > 1:
        told["phones"] = dict(sorted(since.items(), key=itemgetter(1))[-MOST_PHONES:])
    return told


def _no_consent_at(there: Item, consent: Consent | None, as_of: datetime, *, said_no: bool) -> str:
    """Since when files say "no", where no "yes" of a later moment has lifted it. After any "yes" a "no" is a new
    one."""
    since: str = there.get("no_consent_at", "")
    if said_no:
        return since if since and "consent" not in there else utc(as_of)
    is_later = since and consent and consent.at and datetime.fromisoformat(since) < consent.at <= as_of
    return "" if is_later else since


_OPTIONAL = ("late_fee", "payment_url", "document_url", "document_name", "tags", "risk", "extra", "contested")


def _told(row: Told) -> Item:
    terms = row.terms
    told: Item = {
        "as_of": utc(terms.as_of),
        "digest": row.digest,
        "source": row.source,
        "line": row.line,
        "portfolio": terms.portfolio,
        "debt_id": terms.debt_id,
        "instalment": terms.instalment,
        "amount": terms.amount,
        "balance": terms.balance,
        "currency": terms.currency,
        "due_date": terms.due_date.isoformat(),
    }
    optional: Item = {
        "late_fee": terms.late_fee,
        "payment_url": terms.payment_url,
        "document_url": terms.document_url,
        "document_name": terms.document_name,
        "tags": list(terms.tags),
        "risk": terms.risk,
        "extra": dict(terms.extra),
        "contested": terms.contested,
    }
    told |= {name: value for name, value in optional.items() if value}
    if terms.is_open:
        told["book"] = keys.book(terms.portfolio, keys.book_shard(row.borrower))
    else:
        told["expires"] = expires("closed_debts", terms.as_of, row.country)
    return told


def _told_of(person: Borrower, borrower_id: str) -> Item:
    told: Item = {
        "borrower_id": borrower_id,
        "name": person.name,
        "phone": person.phone,
        "phone_ref": person.phone_ref,
        "country": person.country,
        "region": person.region,
        "language": person.language,
    }
    told |= {"last4": person.last4} if person.last4 else {}
    return told | ({"consent": consent_item(person.consent)} if person.consent else {})
