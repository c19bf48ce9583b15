"""Prints how well borrowers are understood: python -m tests.unit.phrases_report"""

import sys

from cobranza.conversation.intent import Intent
from tests.unit.phrases_table import Case, cases, measure

TABLE = ("es", "es_more", "pt", "pt_more", "en", "en_more")
HELD_OUT = ("es_held_out", "pt_held_out", "en_held_out")


def report(title: str, those: list[Case]) -> str:
    right = sum(case.is_right for case in those)
    lines = [f"{title}: {right} of {len(those)} right"]
    for intent in Intent:
        told = measure(intent, those)
        lines.append(f"  {intent:<13} precision {told.precision:.2f}  recall {told.recall:.2f}  {told}")
    wrong = [case for case in those if not case.is_right]
    lines += [f"  {case.intent} {case.day or ''} | {case.text!r}: {case.meaning}" for case in wrong]
    return "\n".join(lines)


if __name__ == "__main__":
    for title, names in (("the table", TABLE), ("held out", HELD_OUT)):
        sys.stdout.write(report(title, [case for name in names for case in cases(name)]) + "\n")
