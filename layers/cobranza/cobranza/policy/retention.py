"""How long what is kept of people stays, by class: retention.yaml."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

from cobranza import yaml_files

type EndsBy = Literal["expires", "lifecycle", "erase", "nobody"]


class Kept(NamedTuple):
    """A class of data. `days` from `since` on; None: no time ends it."""

    what: str
    since: str
    ends_by: EndsBy
    why: str
    days: int | None = None


@cache
def retention() -> Mapping[str, Kept]:
    """Every class, in the file's order."""
    told = yaml_files.own(resources.files(__package__ or "") / "retention.yaml")
    return {name: Kept(**each) for name, each in told.items()}


def expires(name: str, since: datetime) -> int:
    """The attribute that ends an item of this class: seconds since 1970. Raises ValueError where no time does."""
    if (days := retention()[name].days) is None:
        raise ValueError(f"{name} does not end by itself")
    return int((since + timedelta(days=days)).timestamp())
