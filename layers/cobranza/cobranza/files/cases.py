"""The cases file: how a person ended what somebody wrote. It is the daily list, filled in; rows that nobody closes
wait on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from cobranza.files.cells import ANSWERS, BORROWER_NAMES, Cells, fold, words
from cobranza.files.codes import refuse
from cobranza.files.columns import Columns
from cobranza.ledger.case import Closing, Result

COLUMNS = Columns(
    kind="cases",
    names=(
        *("case_id", "borrower_id", "queue", "topic", "opened_at", "age_days", "debts", "state", "taken_by"),
        *("first_answer_at", "messages", "close", "result", "hold_until"),
    ),
    required=("case_id", "close", "result"),
    dates=("hold_until",),
    keys=("case_id",),
    synonyms={
        "case_id": ("id caso", "caso", "case"),
        "borrower_id": BORROWER_NAMES,
        "messages": ("mensajes", "ultimos mensajes", "mensagens", "ultimas mensagens"),
        "close": ("cerrar", "cerrado", "fechar", "encerrar"),
        "result": ("resultado", "dictamen"),
        "hold_until": ("pausar hasta", "retener hasta", "pausar ate"),
    },
)

CLOSES: Mapping[str, str] = {**ANSWERS, **words(yes="x cerrar cerrado close closed fechar fechado")}
RESULTS: Mapping[str, str] = words(
    resolved="resuelto resuelta resolvido resolvida solucionado solucionada",
    stands="procede procedente se_mantiene mantiene mantem se_mantem",
)
# Of each message: ten of them are far below what a cell of a dropped file may hold.
_MOST_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """`closing` is None where nobody closes the case."""

    case_id: str
    closing: Closing | None


def read_case(cells: Cells) -> CaseRow:
    """Reads one row. Raises InvalidInput for the first bad cell."""
    return CaseRow(case_id=cells.id("case_id", required=True), closing=_closing(cells))


def conversation(messages: Iterable[Mapping[str, str]], zone: tzinfo) -> str:
    """Messages as the API tells them, in one line: when, who, and the first words, or what else it was."""
    return " | ".join(
        f"{datetime.fromisoformat(each['at']).astimezone(zone):%Y-%m-%d %H:%M} {each['from']}: {_shortened(each)}"
        for each in messages
    )


def _shortened(message: Mapping[str, str]) -> str:
    text = " ".join(message["text"].split()) or f"({message['type']})"
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"


def _closing(cells: Cells) -> Closing | None:
    """A result without a word that it is over is an oversight, and no end."""
    closes = _word(cells, "close", CLOSES, "BAD_CLOSE")
    result = _word(cells, "result", RESULTS, "BAD_RESULT")
    if closes != "yes":
        if result or cells.text("hold_until"):
            raise refuse("MISSING_VALUE", "close", "close")
        return None
    if not result:
        raise refuse("MISSING_VALUE", "result", "result")
    until = cells.day("hold_until") if cells.text("hold_until") else None
    if until and until < cells.now.astimezone(cells.zone).date():
        raise refuse("BAD_HOLD", str(until), "hold_until")
    return Closing(Result(result), until)


def _word(cells: Cells, column: str, known: Mapping[str, str], code: str) -> str:
    """What the word means; empty for an empty cell."""
    if not (word := cells.text(column)):
        return ""
    if meaning := known.get(fold(word)):
        return meaning
    raise refuse(code, f"{word[:40]!r}; {', '.join(dict.fromkeys(known.values()))}", column)
