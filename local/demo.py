"""`make demo`: the stack on this machine, sample files, one tick, and what became of each row and borrower."""

import argparse
import json
import os
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local import drive, samples, stack
from local.drive import Tally
from local.faults import queue_badly
from local.leaks import leaks

# Seconds: what WhatsApp asks to try later, and what it never answers, takes its time.
PATIENCE = 280.0

console = Console(stderr=not sys.stdout.isatty(), highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--once", action="store_true", help="end when all is done")
    parser.add_argument("--faults", action="store_true", help="calls fail, reminders come twice, senders die")
    parser.add_argument("--file", type=Path, help="import this debts file instead of the samples'")
    options = parser.parse_args()
    stays = not options.once and sys.stdin.isatty() and sys.stdout.isatty()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _leave)
    folder = stack.FOLDER / f"demo-{os.getpid()}"
    with ExitStack() as block:
        with console.status("starting the emulator and the simulator, deploying the template …"):
            local = block.enter_context(stack.running(folder))
        tally = _run(local, folder, options.file, faults=options.faults)
        told = leaks(local, samples.NAMES)
        problems = _problems(local, tally, whole=options.file is None) + [f"told to others: {one}" for one in told]
        _show(tally, len(told), problems)
        if stays:
            _stay(local)
    print(json.dumps(asdict(tally)), flush=True)
    return 1 if problems else 0


def _run(local: stack.Stack, folder: Path, file: Path | None, *, faults: bool) -> Tally:
    """Drops the files, ticks once and waits until all has happened."""
    now = datetime.now(UTC)
    moment = drive.next_open_moment(now)
    stack.set_clock(local, (moment - now).total_seconds())
    console.print(f"the clock says {moment:%A %Y-%m-%d %H:%M} UTC: Mexico, Colombia and Brazil are open")
    files = samples.write(folder / "samples", moment.date())
    if file:
        settings = {key: path for key, path in files.items() if not key.startswith("debts/")}
        files = settings | {f"debts/{samples.PORTFOLIO}/{file.name}": file}
    tally = Tally()
    bar = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bar, console=console) as progress:
        dropped = progress.add_task("files imported", total=len(files))
        for key, path in files.items():
            summary = drive.drop_and_wait(local, key, path.read_bytes())
            tally.add_file(summary)
            if summary["error"]:
                console.print(f"refused whole: {key}: {summary['error']['reason']}")
            progress.advance(dropped)
        tally.due = queue_badly(local, moment) if faults else drive.tick(local)
        settled = progress.add_task("due borrowers settled", total=tally.due)
        delivered = progress.add_task("messages delivered", total=None)
        seen = progress.add_task("messages read by borrowers", total=None)

        def watch() -> None:
            tally.count(local)
            progress.update(settled, completed=tally.settled)
            progress.update(delivered, completed=tally.delivered, total=tally.sent)
            progress.update(seen, completed=tally.read_by_borrower, total=tally.sent)

        drive.settle(local, PATIENCE, watch)
    return tally


def _problems(local: stack.Stack, tally: Tally, *, whole: bool) -> list[str]:
    """What did not happen, or does not add up. `whole`: the samples, of which every stage must show something."""
    reminders = drive.reminders_accepted(local)
    accepted = reminders.total()
    checks = {
        "no row was read": tally.read > 0,
        "rows do not add up": tally.read == tally.created + tally.updated + tally.unchanged + tally.refused,
        "borrowers do not add up": tally.due == tally.settled,
        "WhatsApp accepted another number of messages": tally.sent <= accepted <= tally.sent + tally.unknown,
        "dead letters": not any(drive.waiting(local, q) for q in local.queues if q.endswith("dead_letters")),
    }
    if whole:
        stages = {name: getattr(tally, name) for name in ("created", "refused", "due", "sent", "delivered")}
        stages |= {name: getattr(tally, name) for name in ("read_by_borrower", "replies", "opt_outs", "receipts")}
        checks["a phone got two reminders in a day"] = set(reminders.values()) <= {1}
        checks |= {f"nothing {name.replace('_', ' ')}": count > 0 for name, count in stages.items()}
    return [problem for problem, holds in checks.items() if not holds]


def _show(tally: Tally, leaked: int, problems: list[str]) -> None:
    table = Table("what", "how many", title="what happened", title_justify="left")
    for name, value in asdict(tally).items():
        if isinstance(value, dict):
            for code, count in sorted(value.items()):
                table.add_row(f"{name}: {code}", str(count))
        else:
            table.add_row(name.replace("_", " "), str(value))
    table.add_row("personal data in logs, metrics and queues", str(leaked))
    console.print(table)
    for problem in problems:
        console.print(f"[red]✗ {problem}[/red]")


def _stay(local: stack.Stack) -> None:
    console.print(f"\nwebhook             {local.webhook_url}")
    console.print(f"AWS endpoint        {local.endpoint}  (keys test/test, region {local.region})")
    console.print(f"inbox               s3://{local.buckets['inbox']}/debts/{samples.PORTFOLIO}/")
    console.print("Ctrl-C ends everything. Answer as the borrowers in a browser:")
    console.print(f"borrowers' phones   {local.simulator_url}/")
    while True:
        time.sleep(3600)


def _leave(_sign: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
