"""A borrower as the creditor's files tell of them, and as people said besides.

Files and words are kept apart, so that neither overwrites the other: a daily file that repeats what it said
yesterday lifts nothing. They meet here, whenever a borrower is looked at.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from cobranza.ledger.borrower import Borrower, Consent
from cobranza.ledger.standing import Mark, Standing, Word

# Who wants to be forgotten is reached in no way.
NO_CHANNEL = "none"


class _Phone(NamedTuple):
    number: str
    ref: str
    told_at: datetime


def heard(
    told: Borrower,
    standing: Standing,
    *,
    as_of: datetime,
    phone_as_of: datetime,
    no_consent_at: datetime | None = None,
    said_phone_ref: str = "",
    second_phone_ref: str = "",
    phone_changed_at: datetime | None = None,
) -> Borrower:
    """`told` is the borrower by the files alone, and by their own stops on WhatsApp.

    `as_of` is the moment of the newest file that told something else than the one before, `phone_as_of` that of
    the one that first told this phone, and `no_consent_at` that of the one that first said "no", if it still does;
    `said_phone_ref` and `second_phone_ref` stand for the phones that were said; `phone_changed_at` is the moment
    of the file whose phone was another than the one before.
    """
    erased = standing.erased
    first = _first(told, standing.phone, phone_as_of, said_phone_ref)
    reached = _reached(standing, first, second_phone_ref)
    in_use = reached or first
    phone, phone_refs = in_use.number, tuple(filter(None, (first.ref, second_phone_ref)))
    stops = _stops(told, standing, phone_refs)
    consent = _consent(told.consent, standing.consent, as_of, no_consent_at)
    words = (standing.phone, standing.second_phone)
    gave = [word.source for word in words if word and word.text == phone]
    if phone == told.phone:
        of_phone = (each for each in (told.consent, consent) if each and _is_of_this_phone(each, phone_changed_at))
        gave += (each.source for each in of_phone)
    return replace(
        told,
        phone=phone,
        phone_ref=in_use.ref,
        phone_at=in_use.told_at,
        phone_refs=phone_refs,
        consent=consent,
        number_from=tuple(dict.fromkeys(gave)),
        opted_out_at=stops.since or (erased.at if erased else None),
        wrong_number=standing.wrong_number.stands,
        unreachable=reached is None,
        held_until=standing.held_until,
        case_until=standing.looked_into_until,
        channel=NO_CHANNEL if erased else standing.channel_name,
        tags=standing.tags,
    )


def _first(told: Borrower, said: Word | None, phone_as_of: datetime, said_phone_ref: str) -> _Phone:
    """The later one; files without a phone tell none."""
    if said and (not told.phone or said.at >= phone_as_of):
        return _Phone(said.text, told.phone_ref if said.text == told.phone else said_phone_ref, said.at)
    return _Phone(told.phone, told.phone_ref, phone_as_of)


def _reached(standing: Standing, first: _Phone, second_phone_ref: str) -> _Phone | None:
    """The first phone, or where it cannot be reached the second; None where neither can. A second one for which
    nothing stands could not be marked, and is not tried."""
    phones = [first]
    if standing.second_phone and second_phone_ref and first.number:
        phones.append(_Phone(standing.second_phone.text, second_phone_ref, standing.second_phone.at))
    return next((phone for phone in phones if standing.is_reached(phone.ref, phone.told_at)), None)


def _stops(told: Borrower, standing: Standing, phone_refs: Iterable[str]) -> Mark:
    """The person's own stops, and those of the phones that they have now."""
    of_phones = map(standing.stopped_phones.get, phone_refs)
    last = max(filter(None, (told.opted_out_at, *of_phones)), default=None)
    return standing.opt_out.stop(Word(last)) if last else standing.opt_out


def _is_of_this_phone(consent: Consent, phone_changed_at: datetime | None) -> bool:
    """Whoever agreed before the phone was another one did not give this one."""
    return phone_changed_at is None or (consent.at is not None and consent.at >= phone_changed_at)


def _consent(told: Consent | None, said: Mark, as_of: datetime, no_consent_at: datetime | None) -> Consent | None:
    """The later word counts. A file's "yes" speaks of `consent_at`; without one it is of no moment, and lifts no
    "no". One that has not happened yet is a date read wrong."""
    if no_consent_at:
        said = said.stop(Word(no_consent_at))
    if told and told.at and told.at <= as_of:
        said = said.lift(Word(told.at, told.text, told.source or "file"))
    if said.stands:
        return None
    if said.lifted is None:
        return told
    return Consent(source=said.lifted.source, at=said.lifted.at, text=said.lifted.text)
