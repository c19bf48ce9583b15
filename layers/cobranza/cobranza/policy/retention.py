"""How long what is kept of people stays: by class, retention.yaml; records of contacts also by what the law of a
country wants, contact_rules/<country>.yaml."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

from cobranza import yaml_files
from cobranza.policy import contact_rules

type EndsBy = Literal["expires", "lifecycle", "erase", "nobody"]


class Kept(NamedTuple):
    """A class of data. `days` from `since` on; None: no time ends it. `records_contacts`: it stays for as long as
    the law wants contacts on record, where that is longer."""

    what: str
    since: str
    ends_by: EndsBy
    why: str
    days: int | None = None
    records_contacts: bool = False


@cache
def retention() -> Mapping[str, Kept]:
    """Every class, in the file's order."""
    told = yaml_files.own(resources.files(__package__ or "") / "retention.yaml")
    return {name: Kept(**each) for name, each in told.items()}


@cache
def kept_for(name: str, *countries: str) -> timedelta:
    """For how long this class is kept of somebody who may live in any of these countries: for the longest of them,
    and of all where none is told, or one whose law we do not know. Raises ValueError where no time ends it."""
    kept = retention()[name]
    if kept.days is None:
        raise ValueError(f"{name} does not end by itself")
    lawful = _longest(countries) if kept.records_contacts else timedelta()
    return max(timedelta(days=kept.days), lawful)


def expires(name: str, since: datetime, *countries: str) -> int:
    """The attribute that ends an item of this class: seconds since 1970."""
    return int((since + kept_for(name, *countries)).timestamp())


def _longest(countries: Sequence[str]) -> timedelta:
    rules = [*map(contact_rules.rules_for, countries or contact_rules.countries())]
    if None in rules:
        return _longest(())
    return max(known.on_record for known in rules if known)
