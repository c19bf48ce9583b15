"""How the keys of cases are written and read, and of what people answer to them. As in keys.py, nobody else knows
their shape, and people appear in them only as references.
"""

import base64
import hashlib

from cobranza.store import keys

CASE = "CASE"
CASE_SHARDS = 8


def case_id(chat: str, event: str) -> str:
    """Stands for the case of a message: 26 letters that tell nothing of who wrote it, and sort by when."""
    digest = hashlib.sha256(f"case|{chat}|{event}".encode()).digest()
    seconds = int(keys.moment_of(event).timestamp()).to_bytes(4)
    return base64.b32hexencode(seconds + digest[:12])[:26].decode()


def case(case_id: str) -> dict[str, str]:
    """Something that a person has to look at."""
    return {"pk": f"{CASE}#{case_id}", "sk": CASE}


def case_of(pk: str) -> str:
    return pk.removeprefix(f"{CASE}#")


def case_shard(case_id: str) -> int:
    """Which of CASE_SHARDS it is in. The last letter holds three bits alone."""
    return int(case_id[-2], 32) % CASE_SHARDS


def open_cases(portfolio_id: str, shard: int) -> str:
    """A partition of the index of the book with the cases that nobody has closed, the oldest first."""
    return f"{portfolio_id}#{shard:02}#{CASE}"


def human_answer(event: str, answer_id: str) -> str:
    """Names a person's answer in a conversation: right after the message that it answers."""
    return f"{event}#{answer_id}"


def answer_id(about: str, event: str, text: str) -> str:
    """Stands for one text to one message of the borrower's, `about` a case or a whole conversation: said again it
    is the same answer."""
    return base64.b32encode(hashlib.sha256(f"{about}|{event}|{text}".encode()).digest()[:20])[:26].decode()
