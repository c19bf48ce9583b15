"""What a file's rows say of one person: who they are, whether they agreed, and whether it is news."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cobranza.files.debts import DebtRow
from cobranza.ledger.borrower import Borrower, Consent
from cobranza.ledger.debt import Debt
from cobranza.policy.message import Consumed
from cobranza.policy.portfolio import Portfolio
from cobranza.store.items import debt_of
from cobranza.store.table import Item


@dataclass(frozen=True, slots=True)
class Person:
    """A borrower's good rows, in the file's order, each with its digest."""

    ref: str
    rows: Sequence[DebtRow]
    digests: Sequence[str]

    @property
    def last(self) -> DebtRow:
        """A person has one profile: where rows differ, the last one is the news."""
        return self.rows[-1]

    @property
    def other_phones(self) -> list[str]:
        """That rows before the last one tell, each once."""
        return [phone for phone in {row.phone: row for row in self.rows} if phone not in ("", self.last.phone)]

    @property
    def said_no(self) -> bool:
        """Whether the file says that this person did not agree to be written to."""
        answer = answer_of(self.rows)
        return answer.consent_declared and answer.consent is None


def row_digest(row: DebtRow) -> str:
    """Of all that a row says: equal digests, nothing to write."""
    terms = row.terms
    told = (
        *(row.borrower_id, row.name, row.phone, row.country, row.region, row.language, row.document_id, terms.key),
        *(_exact(terms.amount), _exact(terms.balance), _exact(terms.late_fee), terms.currency, terms.due_date),
        *(terms.payment_url, terms.document_url, terms.tags, terms.risk, sorted(terms.extra.items())),
        *(
            terms.document_name,
            terms.contested,
            row.credit and _exact(row.credit),
            row.consent_declared,
            row.consent,
        ),
    )
    told += (row.document_last4,) if row.document_last4 else ()
    return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()


def profile_digest(person: Person) -> str:
    last, answer = person.last, answer_of(person.rows)
    told = (last.borrower_id, last.name, last.phone, last.country, last.region, last.language, last.document_id)
    told += (last.document_last4,) if last.document_last4 else ()
    told += (sorted(person.other_phones),) if person.other_phones else ()
    return hashlib.blake2b(
        repr((*told, answer.consent_declared, answer.consent)).encode(), digest_size=16
    ).hexdigest()


def _exact(amount: object) -> str:
    text = str(amount)
    return text.rstrip("0").rstrip(".") if "." in text else text


def answer_of(rows: Sequence[DebtRow]) -> DebtRow:
    """The row that says whether this person agreed: any "no" wins, then the last "yes"."""
    declared = [row for row in rows if row.consent_declared]
    return next((row for row in declared if row.consent is None), (declared or rows)[-1])


def told_of(
    person: Person,
    consent: Consent | None,
    known: Borrower | None = None,
    *,
    phone_ref: str = "",
    last4: str = "",
) -> Borrower:
    """What the file tells; where it has no names, phones or documents, what files told before (`known`) stays.
    `phone_ref` is of the phone that it tells; `last4` as of a Borrower."""
    row = person.last
    return Borrower(
        ref=person.ref,
        name=row.name or (known.name if known else row.borrower_id),
        phone=row.phone or (known.phone if known else ""),
        phone_ref=phone_ref if row.phone else (known.phone_ref if known else ""),
        country=row.country,
        region=row.region,
        language=row.language,
        consent=consent,
        last4=last4 or (known.last4 if known else ""),
    )


def evidence_of(said: Consent | None, known: Consent | None, portfolio: Portfolio | None) -> Consent | None:
    """What to keep of a "yes". A bare one adds nothing to what is known; the first is a yes to the wording
    that the portfolio declares at that moment."""
    if said is None:
        return None
    if known and not (said.at or said.source or said.text):
        return known
    declared = portfolio.consent if portfolio else None
    return replace(
        said,
        source=said.source or (declared.source if declared else "file"),
        text=said.text or (declared.text if declared else ""),
    )


def debt_told_of(
    row: DebtRow, there: Item | None, mark: Item | None, steps: Mapping[str, Consumed] | None = None
) -> Debt:
    """The debt with its new terms and what we know of it besides: `mark` and `steps` as of `debt_of`."""
    if there is None:
        return Debt(terms=row.terms, recalled=bool(mark and mark.get("recalled")))
    return replace(debt_of(there, mark, steps), terms=row.terms, closed="", refused_row=False)
