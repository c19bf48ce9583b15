"""The picture of a replay: one HTML page that needs nothing else, with three panels over time and two tables."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from html import escape
from itertools import pairwise

from local.replay.cadence import Cadence
from local.replay.checks import Findings
from local.replay.facts import STEPS, local, reached
from local.replay.walk import Record

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 960, 190, 46, 8, 22
_STEP_COLOURS = ("#8ecae6", "#219ebc", "#ffb703", "#fb8500", "#c1121f")
_COLOURS = ("#2a9d8f", "#b8c4cc", "#577590", "#f4a261", "#9b5de5", "#e76f51", "#e9c46a", "#43648a")
_MOST_CODES = len(_COLOURS)

# Counts of each week (by its Monday) for each series, in the order in which they are piled up.
type Series = Mapping[str, Counter[date]]

_STYLE = """
:root { font: 15px/1.45 system-ui, sans-serif; color: #1d2b36; background: #fff }
body { max-width: 960px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.05rem; margin: 1.6rem 0 .3rem }
p { margin: .3rem 0; color: #4a5b68 } svg { width: 100%; height: auto; display: block }
svg text { font: 11px system-ui, sans-serif; fill: #4a5b68 }
.tables { display: flex; flex-wrap: wrap; gap: 0 2.5rem } .tables > div { flex: 1 1 26rem }
table { border-collapse: collapse; width: 100% } td, th { padding: .25rem .4rem; border-bottom: 1px solid #e3e8ec }
th { text-align: left; font-weight: 600 }
td + td, th + th { text-align: right; font-variant-numeric: tabular-nums }
.ok { color: #1b7f4d; font-weight: 600 } .bad { color: #c1121f; font-weight: 600 }
.key { display: inline-block; margin-right: 1rem; font-size: .85rem } .key i { display: inline-block;
  width: .8rem; height: .8rem; border-radius: 2px; margin-right: .35rem; vertical-align: -1px }
"""


def page(title: str, findings: Findings, plain: Cadence) -> str:
    """HTML of everything that was found."""
    record = findings.record
    weeks = _weeks(record.days)
    told = f"{len(record.book):,} invoices of {len(record.people)} customers"
    days = f"{record.days[0]} to {record.days[-1]}"
    zeros = [(name, str(len(found)), "bad" if found else "ok") for name, found in findings.zeros.items()]
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{told}, {days}. Files tell the evening before; bars are weeks.</p>",
        '<div class="tables"><div><h2>What must be zero</h2>',
        _table(("", "found"), ((name, f'<span class="{css}">{n}</span>') for name, n, css in zeros)),
        "</div><div><h2>Beside the plain cadence: a message at each step</h2>",
        _table(("", "plain", "ours"), comparison(findings, plain)),
        "</div></div>",
        *_panel("Invoices reminded, by step (days from the due date)", weeks, _by_step(findings), _STEP_COLOURS),
        *_panel("Due invoices, by the outcome of the day", weeks, _by_code(record), _COLOURS),
        *_panel("Invoices paid", weeks, _payments(record), ("#2a9d8f", "#e76f51")),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en">{head}<body>{"".join(body)}</body></html>\n'


def comparison(findings: Findings, plain: Cadence) -> Iterator[tuple[str, str, str]]:
    """What is told, of the plain cadence, of ours."""
    ours, files = findings.ours, findings.record.files
    theirs_late, ours_late = plain.paid_unknown(files), ours.paid_unknown(files)
    yield "messages", f"{len(plain.contacts):,}", f"{len(ours.contacts):,}"
    yield "invoices reminded", f"{len(plain.told):,}", f"{len(ours.told):,}"
    yield "customer-weeks with a contact", f"{len(plain.weeks):,}", f"{len(ours.weeks):,}"
    yield "customer-weeks over 2 contacts", f"{len(plain.crowded):,}", f"{len(ours.crowded):,}"
    yield "paid, as no file had told yet", f"{theirs_late.total():,}", f"{ours_late.total():,}"
    for days in sorted(theirs_late.keys() | ours_late.keys()):
        name = f"… with data {days} day{'' if days == 1 else 's'} old"
        yield name, f"{theirs_late[days]:,}", f"{ours_late[days]:,}"


def _by_step(findings: Findings) -> Series:
    steps: dict[str, Counter[date]] = {f"{step:+d}" if step else "0": Counter() for step in STEPS}
    for told in findings.ours.told:
        step = reached(told.invoice, told.day)
        if step is not None:
            steps[f"{step:+d}" if step else "0"][_monday(told.day)] += 1
    return steps


def _by_code(record: Record) -> Series:
    """The last outcome of each invoice and day: the most frequent codes, and all others as one."""
    last = {
        (number, local(record.people[line.customer].country, line.at).date()): code
        for line in record.outcomes
        for number, code in line.debts.items()
    }
    codes = defaultdict[str, Counter[date]](Counter)
    for (_, day), code in last.items():
        codes[code][_monday(day)] += 1
    ranked = sorted(codes, key=lambda code: (code != "SENT", -codes[code].total()))
    shown = {code: codes[code] for code in ranked[: _MOST_CODES - 1]}
    rest = sum((codes[code] for code in ranked[_MOST_CODES - 1 :]), Counter[date]())
    return {**shown, "others": rest} if rest else shown


def _payments(record: Record) -> Series:
    paid: dict[str, Counter[date]] = {"by the due date": Counter(), "late": Counter()}
    for invoice in record.book:
        if invoice.settled and invoice.settled <= record.days[-1]:
            paid["late" if invoice.settled > invoice.due else "by the due date"][_monday(invoice.settled)] += 1
    return paid


def _panel(title: str, weeks: Sequence[date], series: Series, colours: Sequence[str]) -> Iterator[str]:
    most = max((sum(counts[week] for counts in series.values()) for week in weeks), default=0) or 1
    keys = (
        f'<span class="key"><i style="background:{colour}"></i>{escape(name)} ({counts.total():,})</span>'
        for (name, counts), colour in zip(series.items(), colours, strict=False)
    )
    yield f"<h2>{escape(title)}</h2><div>{''.join(keys)}</div>"
    yield f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
    yield from _axes(weeks, most)
    yield from _bars(weeks, series, colours, most)
    yield "</svg>"


def _axes(weeks: Sequence[date], most: int) -> Iterator[str]:
    for value in (0, most // 2, most):
        y = _y(value, most)
        yield f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e8ec"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>'
    months = [week for before, week in pairwise(weeks) if before.month != week.month]
    for month in months[:: max(1, len(months) // 12)]:
        yield f'<text x="{_x(weeks.index(month), weeks):.1f}" y="{_HEIGHT - 6}">{month:%b %Y}</text>'


def _bars(weeks: Sequence[date], series: Series, colours: Sequence[str], most: int) -> Iterator[str]:
    width = max((_WIDTH - _LEFT) / len(weeks) - 1, 1)
    for index, week in enumerate(weeks):
        below = 0
        for counts, colour in zip(series.values(), colours, strict=False):
            if not counts[week]:
                continue
            top, bottom = _y(below + counts[week], most), _y(below, most)
            yield f'<rect x="{_x(index, weeks):.1f}" y="{top:.1f}" width="{width:.1f}" '
            yield f'height="{bottom - top:.1f}" fill="{colour}"/>'
            below += counts[week]


def _x(index: int, weeks: Sequence[date]) -> float:
    return _LEFT + index * (_WIDTH - _LEFT) / len(weeks)


def _y(value: int, most: int) -> float:
    return _HEIGHT - _BOTTOM - value / most * (_HEIGHT - _BOTTOM - _TOP)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells of rows are HTML."""
    lines = ["<tr>" + "".join(f"<th>{escape(name)}</th>" for name in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table>{''.join(lines)}</table>"


def _weeks(days: Sequence[date]) -> list[date]:
    return sorted({_monday(day) for day in days})


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
