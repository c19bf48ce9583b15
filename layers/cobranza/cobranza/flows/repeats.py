"""A debt that a file names more than once: which of its rows may be used."""

from collections.abc import Sequence

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.debts import DebtRow
from cobranza.files.row import Row
from cobranza.flows.person import row_digest

# What was read of a row, or why it is refused.
type Verdict = DebtRow | InvalidInput


def at_most_one(rows: Sequence[tuple[Row, Verdict]]) -> list[Verdict]:
    """What becomes of all rows of one debt. Where they all say the same the first is enough; where they do not
    (DUPLICATE_ROW), or one cannot be read, none of them is believed."""
    if len(rows) == 1:
        return [rows[0][1]]
    said = {(row_digest(one), one.plan_total) if isinstance(one, DebtRow) else None for _, one in rows}
    is_same = len(said) == 1
    first, second = rows[0][0].line, rows[1][0].line
    return [
        one if isinstance(one, InvalidInput) or (is_same and place == 0) else _twice(first if place else second)
        for place, (_, one) in enumerate(rows)
    ]


def _twice(line: int) -> InvalidInput:
    return refuse("DUPLICATE_ROW", f"line {line} has it too", "debt_id", es=f"también está en la línea {line}")
