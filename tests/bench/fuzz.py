"""The reader under damaged files for a while: each is read, or refused with a code, in bounded time."""

import random
import time
from collections import Counter

from cobranza.files.columns import DEBTS
from tests.bench.report import Row
from tests.unit.test_reading_properties import SEEDS, assert_read_or_refused

SECONDS = 60
LONGEST_PIECE = 60
SPICES = (
    b'"',
    b"\r",
    b"\n",
    b";",
    b"\t",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"'=",
    b"1,234.5",
    b"31/12/26",
)


def run() -> list[Row]:
    chance = random.Random(time.time_ns())
    codes: Counter[str] = Counter()
    wrong: list[str] = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        data = _damaged(chance)
        try:
            codes[assert_read_or_refused(data, DEBTS)] += 1
        except Exception as error:
            wrong.append(f"{error!r:.80} of {data.hex():.200}")
    tried = codes.total() + len(wrong)
    note = f"{codes.pop('', 0):,} read, the others refused with {len(codes)} codes; "
    note += "; ".join(wrong[:3]) or "no error"
    goal = "read, or refused with a code"
    return [Row("damaged files tried", f"in {SECONDS} s", tried, goal, not wrong, note=note)]


def _damaged(chance: random.Random) -> bytes:
    """A seed with up to eight things done to it, one after the other."""
    data = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(data))
        match chance.choice(("set", "cut", "insert", "spice", "repeat")):
            case "set" if at < len(data):
                data[at] = chance.randrange(256)
            case "cut":
                del data[at : at + chance.randint(1, LONGEST_PIECE)]
            case "insert":
                data[at:at] = chance.randbytes(chance.randint(1, 20))
            case "spice":
                data[at:at] = chance.choice(SPICES)
            case _:
                data[at:at] = data[: chance.randint(0, LONGEST_PIECE)]
    return bytes(data)
