"""How keys are written and read. Nobody else knows their shape.

People appear in keys only as references (refs.py).
"""

import base64
import hashlib
import re
import zlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from cobranza.errors import InvalidInput

PROFILE = "PROFILE"
DEBT = "DEBT#"
MESSAGE = "MSG#"
TOLD = "TOLD#"
CONFIRMATION = "CONFIRM#"
MARK = "MARK#"
CREDIT = "CREDIT#"
CONTROL = "CONTROL#"
CONFIG = "CONFIG"
STOP = "STOP"
PORTFOLIOS = "PORTFOLIOS"
TEMPLATES = "TEMPLATES"
REVIEWS = "REVIEWS"
# No template is called so: their names are small letters.
SYNCED = "SYNCED"
SYNCED_TEMPLATES = {"pk": TEMPLATES, "sk": SYNCED}
IMPORT = "IMPORT#"
MAPPING = "MAPPING#"
STRATEGY = "STRATEGY"
LEASE = "LEASE"
PAUSE = "PAUSE"
HELD = "HELD#"
TIER = "TIER"
PEOPLE = "PEOPLE#"
RAMP = "RAMP#"
RATE = "RATE"
SLOTS = "SLOTS"
LINE = "LINE#"
BREAKERS = "BREAKERS"
STANDING = "STANDING"
SAID = "SAID"
PLANNED = "PLANNED#"
RECEIPT = "RECEIPT#"
REFERENCE = "REF#"
NEWS = "NEWS#"
SHARDS = 16
BOOK_SHARDS = 32
ALL = "all"

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

_OPAQUE = re.compile(r"[mc]1\.[A-Z2-7]{26}\.[0-9]{8}")


class MessageKey(NamedTuple):
    """Names a borrower's message of one local date. Its opaque form goes to Meta and comes back with every status:
    it says who and when to us, and nothing to anybody else, so no item has to be written to find the way back.
    `confirms`: the day's confirmation, which is another message than its reminder."""

    borrower: str
    day: date
    confirms: bool = False

    @property
    def opaque(self) -> str:
        return f"{'c1' if self.confirms else 'm1'}.{self.borrower}.{self.day:%Y%m%d}"

    @property
    def name(self) -> str:
        """Among the borrower's messages."""
        return f"{'told ' if self.confirms else ''}{self.day.isoformat()}"

    @classmethod
    def parse(cls, opaque: str) -> "MessageKey":
        """Raises InvalidInput (BAD_OPAQUE_ID) for what is none of ours."""
        if not _OPAQUE.fullmatch(opaque):
            raise InvalidInput("BAD_OPAQUE_ID", "not an id that we gave")
        kind, borrower, day = opaque.split(".")
        try:
            return cls(borrower, date.fromisoformat(day), confirms=kind == "c1")
        except ValueError as error:
            raise InvalidInput("BAD_OPAQUE_ID", "not an id that we gave") from error

    @classmethod
    def of(cls, claim: Mapping[str, Any]) -> "MessageKey":
        kind, day = claim["sk"].split("#")
        return cls(borrower_of(claim["pk"]), date.fromisoformat(day), confirms=f"{kind}#" == TOLD)

    @property
    def item(self) -> dict[str, str]:
        kind = TOLD if self.confirms else MESSAGE
        return {"pk": borrower_pk(self.borrower), "sk": f"{kind}{self.day.isoformat()}"}


def borrower_pk(ref: str) -> str:
    return f"B#{ref}"


def is_borrower(pk: str) -> bool:
    return pk.startswith("B#")


def is_person(pk: str) -> bool:
    """A borrower, or somebody whom we do not know."""
    return pk.startswith(("B#", "CHAT#"))


def borrower_of(pk: str) -> str:
    return pk.removeprefix("B#")


def profile(ref: str) -> dict[str, str]:
    return {"pk": borrower_pk(ref), "sk": PROFILE}


def debt(ref: str, debt_key: str) -> dict[str, str]:
    return {"pk": borrower_pk(ref), "sk": f"{DEBT}{debt_key}"}


def mark(portfolio_id: str, debt_id: str) -> str:
    """The sort key of what was said of a debt and all its instalments: recalled, disputed, held."""
    return f"{MARK}{portfolio_id}#{debt_id}"


def debt_mark(ref: str, portfolio_id: str, debt_id: str) -> dict[str, str]:
    return {"pk": borrower_pk(ref), "sk": mark(portfolio_id, debt_id)}


def said(ref: str) -> dict[str, str]:
    """What was said of a borrower."""
    return {"pk": borrower_pk(ref), "sk": STANDING}


def credit(ref: str, portfolio_id: str, currency: str) -> dict[str, str]:
    return {"pk": borrower_pk(ref), "sk": f"{CREDIT}{portfolio_id}#{currency}"}


def receipt_id(chat: str, event: str) -> str:
    """Stands for one receipt: 26 letters that tell nothing of who sent it, or when."""
    digest = hashlib.sha256(f"{chat}|{event}".encode()).digest()
    return base64.b32encode(digest[:20])[:26].decode()


def receipt(ref: str, receipt_id: str) -> dict[str, str]:
    """What a borrower sent as proof of a payment."""
    return {"pk": borrower_pk(ref), "sk": f"{RECEIPT}{receipt_id}"}


def receipts(portfolio_id: str, shard: int) -> str:
    """A partition of the index of the book with the receipts that nobody has decided about."""
    return f"{portfolio_id}#{shard:02}#{RECEIPT}"


def confirmation(ref: str, confirmation_id: str) -> dict[str, str]:
    """Something that the borrower is to be told."""
    return {"pk": borrower_pk(ref), "sk": f"{CONFIRMATION}{confirmation_id}"}


def due_shard(ref: str) -> int:
    """Spreads the due index: base32's first letter is as good as random."""
    return _BASE32.index(ref[0]) % SHARDS


def reference_pk(ref: str) -> str:
    return f"{REFERENCE}{ref}"


def reference(ref: str, borrower: str) -> dict[str, str]:
    """One item for each borrower behind a phone: two may share one."""
    return {"pk": reference_pk(ref), "sk": borrower_pk(borrower)}


def phone_of(pk: str) -> str:
    return pk.removeprefix(REFERENCE)


def stop(ref: str) -> dict[str, str]:
    """That whoever has this phone asked us to stop."""
    return {"pk": reference_pk(ref), "sk": STOP}


def chat_pk(ref: str) -> str:
    """A conversation: with a borrower, or with an unknown number's reference."""
    return f"CHAT#{ref}"


def chat_of(pk: str) -> str:
    """Whose conversation it is: of a conversation's key, or of a borrower's."""
    return pk.partition("#")[2]


def text(message: MessageKey) -> dict[str, str]:
    """The words of a message of ours, in its borrower's conversation: before all that comes in on that day."""
    return {"pk": chat_pk(message.borrower), "sk": f"{message.day.isoformat()}#{message.opaque}"}


def event_key(at: datetime, message_ref: str) -> str:
    """Names a message in its conversation; in the order in which they were written."""
    moment = at.astimezone(UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='seconds')}Z#{message_ref}"


def moment_of(event: str) -> datetime:
    return datetime.fromisoformat(event.partition("#")[0])


def message_of(event: str) -> str:
    """The reference of the message."""
    return event.partition("#")[2]


def said_in_chat(ref: str) -> dict[str, str]:
    """What we say once, or once a day, in a conversation."""
    return {"pk": chat_pk(ref), "sk": SAID}


def receipt_pk(digest: str) -> str:
    """Who sent these bytes first."""
    return f"RECEIPT#{digest}"


def news_pk(kind: str) -> str:
    return f"{NEWS}{kind}"


def portfolio_pk(portfolio_id: str) -> str:
    return f"PORTFOLIO#{portfolio_id}"


def is_portfolio(pk: str) -> bool:
    return pk.startswith("PORTFOLIO#")


def portfolio_of(pk: str) -> str:
    return pk.removeprefix("PORTFOLIO#")


def portfolio(portfolio_id: str) -> dict[str, str]:
    return {"pk": portfolio_pk(portfolio_id), "sk": CONFIG}


def listed(portfolio_id: str) -> dict[str, str]:
    """One of all portfolios, which lie in one partition: they are few."""
    return {"pk": PORTFOLIOS, "sk": portfolio_id}


def template(name: str, language: str) -> dict[str, str]:
    """Neither has a #."""
    return {"pk": TEMPLATES, "sk": f"{name}#{language}"}


def review(name: str, language: str) -> dict[str, str]:
    return {"pk": REVIEWS, "sk": f"{name}#{language}"}


def an_import(portfolio_id: str, import_id: str) -> dict[str, str]:
    return {"pk": portfolio_pk(portfolio_id), "sk": f"{IMPORT}{import_id}"}


def mapping(portfolio_id: str, name: str) -> dict[str, str]:
    return {"pk": portfolio_pk(portfolio_id), "sk": f"{MAPPING}{name}"}


def strategy(portfolio_id: str, version: str = "") -> dict[str, str]:
    """The one in force, or one that was."""
    return {"pk": portfolio_pk(portfolio_id), "sk": f"{STRATEGY}#{version}" if version else STRATEGY}


def pause(scope: str) -> dict[str, str]:
    """That business-initiated messages of a portfolio, or of ALL, are stopped."""
    return {"pk": control_pk(scope), "sk": PAUSE}


def breaker(scope: str) -> dict[str, str]:
    """What WhatsApp has stopped; all in one partition, which is read whole."""
    return {"pk": BREAKERS, "sk": scope}


def control_pk(scope: str) -> str:
    return f"{CONTROL}{scope}"


def scope_of(pk: str) -> str:
    return pk.removeprefix(CONTROL)


def held_by(since: str) -> str:
    """How the sort keys begin of those whom a scope's pause `since` that moment has held."""
    return f"{HELD}{since}#"


def held(scope: str, since: str, borrower: str) -> dict[str, str]:
    return {"pk": control_pk(scope), "sk": f"{held_by(since)}{borrower}"}


def number_pk(number: str) -> str:
    """A sending number's controls, by Meta's id of it. No portfolio is called so: their ids have no #."""
    return control_pk(f"number#{number}")


def tier(number: str) -> dict[str, str]:
    return {"pk": number_pk(number), "sk": TIER}


def people(number: str, moment: datetime) -> dict[str, str]:
    """How many people the number wrote to within that hour (UTC)."""
    return {"pk": number_pk(number), "sk": f"{PEOPLE}{moment.astimezone(UTC):%Y-%m-%dT%H}"}


def ramp(number: str, day: date) -> dict[str, str]:
    """How many people a new number wrote to on that local day."""
    return {"pk": number_pk(number), "sk": f"{RAMP}{day.isoformat()}"}


def number_rate(number: str) -> dict[str, str]:
    """How many messages a second Meta takes from the number."""
    return {"pk": number_pk(number), "sk": RATE}


def shown_number(shown: str) -> dict[str, str]:
    """Which number people see in these digits."""
    return {"pk": number_pk("shown"), "sk": shown}


def slots(number: str) -> dict[str, str]:
    """The number's line: the moment of its next free slot."""
    return {"pk": number_pk(number), "sk": SLOTS}


def full_line(moment: datetime) -> dict[str, str]:
    """That within that hour (UTC) more borrowers were due than could be queued."""
    return {"pk": control_pk(ALL), "sk": f"{LINE}{moment.astimezone(UTC):%Y-%m-%dT%H}"}


def import_lease(portfolio_id: str) -> dict[str, str]:
    return {"pk": portfolio_pk(portfolio_id), "sk": LEASE}


def standing(portfolio_id: str) -> dict[str, str]:
    """How fresh the portfolio's book is."""
    return {"pk": portfolio_pk(portfolio_id), "sk": STANDING}


def plan(portfolio_id: str, day: date) -> dict[str, str]:
    """That the portfolio's plan of a local day is made."""
    return {"pk": portfolio_pk(portfolio_id), "sk": f"{PLANNED}{day.isoformat()}"}


def book_shard(ref: str) -> int:
    """Which of BOOK_SHARDS a borrower's debts are in: base32's first letter."""
    return _BASE32.index(ref[0]) % BOOK_SHARDS


def book(portfolio_id: str, shard: int) -> str:
    """A partition of the index of open debts."""
    return f"{portfolio_id}#{shard:02}"


def credits(portfolio_id: str, shard: int) -> str:
    """A partition of that index with what the creditor owes borrowers."""
    return f"{portfolio_id}#{shard:02}#{CREDIT}"


def heard(ref: str) -> str:
    """A partition of that index with whoever said something or asked us to stop."""
    return heard_in(book_shard(ref))


def heard_in(shard: int) -> str:
    return f"HEARD#{shard:02}"


def journal_shard(pk: str, sk: str) -> int:
    """Spreads the lines of a day over SHARDS."""
    return zlib.crc32(f"{pk} {sk}".encode()) % SHARDS


def journal_day(day: date, shard: int) -> str:
    """A partition of the journal's index of days (UTC)."""
    return f"{day.isoformat()}#{shard:02}"
