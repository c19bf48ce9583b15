"""`make storm`: all that can go wrong at once, on two thousand borrowers, and what must hold all the same.

Their debts are imported, their reminders queued, doubled and met by senders that die. Meanwhile some pay, say
stop or dispute; then WhatsApp fails, news comes badly, tables are throttled, workers die at any call, the file
comes three times, all is paused and goes on, others pay, stop and dispute while messages leave, and the rest of
the queue is lost. At the end of the day every count is compared with the simulator's, which has seen each call.
"""

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from rich.console import Console

from local import drive, samples, stack
from local.faults import KILLED, double, kill_a_sender, sender_asleep
from local.stack import Stack
from local.storm import checks
from local.storm.checks import Facts
from local.storm.people import BORROWERS, Borrower, Cast, Does, cast, payments_csv
from local.storm.weather import Weather

# Seconds.
PATIENCE = 300.0
# How often whoever was left over is looked at again, ten minutes apart.
ROUNDS = 4
WORKERS = {"send": 6, "answer": 4}
# How news comes: alone, or a few together where many wait.
COURIER = {"connections": 4, "batch": {"size": 5, "wait": 0.1}}
# Seconds without a change, after which no sender is at work: longer than the longest call.
STILL = 15
HEARD = ("files", "media", "replies")
DYING = ("send", "webhook", "answer", "receipts")
PAUSE = "control/aurora/PAUSE"
AGAIN = ("debts/aurora/cartera.csv", "debts/aurora/cartera otra vez.csv")

console = Console(highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--borrowers", type=int, default=BORROWERS)
    options = parser.parse_args()
    folder = stack.FOLDER / f"storm-{os.getpid()}"
    weather = Weather(folder / "weather")
    started = time.monotonic()
    with stack.running(folder, weather.functions_see) as local:
        facts = Storm(local, weather, options.borrowers).facts()
        console.print(f"{weather.throttled} calls throttled, {weather.died} workers died; at WhatsApp:")
        console.print(", ".join(f"{count} {kind}" for kind, count in sorted(facts.faults.items())))
    console.print(f"{time.monotonic() - started:.0f} s in all")
    return checks.show(facts, console)


class Storm:
    def __init__(self, local: Stack, weather: Weather, borrowers: int) -> None:
        self.local, self.weather = local, weather
        self.moment = drive.next_open_moment(datetime.now(UTC))
        self.cast: Cast = cast(self.moment.date(), borrowers)
        self.offset = timedelta()
        self.summaries: dict[str, dict[str, Any]] = {}
        self.started = time.monotonic()

    def facts(self) -> Facts:
        self._move_to(self.moment)
        self._hire()
        with self._phase("files imported"):
            self._import()
        self.weather.rise(self.local)
        with sender_asleep(self.local):
            with self._phase("reminders queued twice, senders killed"):
                queued = self._tick()
                double(self.local)
                for _ in range(KILLED):
                    kill_a_sender(self.local)
            with self._phase("some pay, stop, dispute while queued"):
                self._act(self.cast.early, "antes.csv")
                drive.settle(self.local, PATIENCE, queues=HEARD)
            self._move_by(minutes=10)  # until then a dead sender might be alive
        self.weather.kill(self.local, DYING)
        with self._phase("a third sent, then paused; the file twice more"):
            self._wait_for(queued // 3)
            paused = self._pause()
        with self._phase("resumed; others pay, stop, dispute; what the queue has left is lost"):
            self._move_by(minutes=17)  # until then a dead import has the book
            self._tick()
            self._wait_for(queued // 2)
            self._act(self.cast.late, "despues.csv")
            self._until_nothing_moves()
            self.local.client("sqs").purge_queue(QueueUrl=self.local.queues["reminders"])
            drive.settle(self.local, PATIENCE, queues=HEARD)
            self.summaries |= {f"{key} again": self._result(key) for key in AGAIN}
        with self._phase("whoever is left"):
            self._finish()
        with self._phase("the day is closed"):
            self._move_to(self.moment.replace(hour=8) + timedelta(days=1))
            while drive.close_days(self.local):
                pass
        return checks.gather(self.local, self.cast, self.summaries, paused, self.moment)

    def _import(self) -> None:
        self._drop("portfolios/aurora/portfolio.yaml", samples.PORTFOLIO_YAML)
        self._drop("strategies/aurora/strategy.yaml", samples.STRATEGY_YAML)
        self._drop("debts/aurora/cartera.csv", self.cast.debts_csv)

    def _hire(self) -> None:
        """More workers than processors: here they mostly wait, for answers that never come and for tables that
        throttle them."""
        functions = self.local.client("lambda")
        for function, workers in WORKERS.items():
            name, scaling = self.local.functions[function], {"MaximumConcurrency": workers}
            (mapping,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
            functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=scaling)
        url = f"{self.local.simulator_url}/_sim/config"
        requests.post(url, json=COURIER, timeout=10).raise_for_status()

    def _act(self, who: Mapping[Does, list[Borrower]], file: str) -> None:
        """Payments by file, words by phone."""
        for does in (Does.STOP, Does.DISPUTE):
            for one in who[does]:
                order = {"text": one.words(does)}
                url = f"{self.local.simulator_url}/_sim/borrowers/{one.phone}/say"
                requests.post(url, json=order, timeout=30).raise_for_status()
        self._drop(f"payments/aurora/{file}", payments_csv(who[Does.PAY], self._now()))

    def _pause(self) -> tuple[datetime, datetime]:
        """From when to when nobody may have been reminded; the file of debts comes twice meanwhile."""
        told = drive.drop_and_wait(self.local, PAUSE, b"", PATIENCE)["pause"]
        # A file's event comes again from its queue; an order's does on AWS, and not in the emulator.
        self.weather.kill(self.local, ["ingest"])
        for key in AGAIN:
            drive.drop(self.local, key, self.cast.debts_csv.encode())
        in_force = datetime.fromisoformat(told["in_force_by"])
        drive.wait_until(lambda: self._now() > in_force + timedelta(seconds=5), "the pause", PATIENCE)
        self.weather.spare(self.local, ["ingest"])
        resumed = self._now()
        self.local.client("s3").delete_object(Bucket=self.local.buckets["inbox"], Key=PAUSE)
        drive.wait_until(lambda: self._result(PAUSE)["pause"]["state"] == "RUNNING", "the resume", PATIENCE)
        return in_force, resumed

    def _finish(self) -> None:
        self._move_by(minutes=95)  # until then a reminder that was lost has its borrower
        for _ in range(ROUNDS):
            self._move_by(minutes=10)
            if not self._tick():
                break
            drive.settle(self.local, PATIENCE)
        self.weather.spare(self.local, DYING)
        self.weather.calm(self.local)
        self._tick()
        drive.settle(self.local, PATIENCE)

    def _tick(self) -> int:
        """As the schedule does: one that fails is followed by the next."""
        for _ in range(3):
            try:
                return drive.tick(self.local)
            except RuntimeError as error:
                console.print(f"  a tick failed: {str(error)[:200]}")
        raise RuntimeError("no tick of three came through")

    def _drop(self, key: str, text: str) -> dict[str, Any]:
        drive.drop(self.local, key, text.encode())
        self._until_files_are_done()
        self.summaries[key] = self._result(key)
        return self.summaries[key]

    def _until_nothing_moves(self) -> None:
        """All reminders are done but those that come back in minutes: their senders died, or others were at it."""
        left, since = -1, time.monotonic()

        def is_still() -> bool:
            nonlocal left, since
            before, left = left, drive.waiting(self.local, "reminders")
            since = since if left == before else time.monotonic()
            return not left or time.monotonic() - since > STILL

        drive.wait_until(is_still, "the reminders", PATIENCE)

    def _until_files_are_done(self) -> None:
        """An import whose worker died keeps all others of the portfolio waiting for a while: the emulator's events
        name no version, so what comes again is another import. That time passes here."""
        for _ in range(ROUNDS):
            with contextlib.suppress(TimeoutError):
                drive.wait_until(lambda: not drive.waiting(self.local, "files"), "the files", 70)
                return
            self._move_by(minutes=17)
        raise TimeoutError("files wait")

    def _result(self, key: str) -> dict[str, Any]:
        return json.loads(drive.result(self.local, key) or b"")

    def _wait_for(self, accepted: int) -> None:
        """Until WhatsApp has accepted so many messages, or nobody is left to send one."""

        def enough() -> bool:
            return drive.counters(self.local)["accepted"] >= accepted or not drive.waiting(self.local, "reminders")

        drive.wait_until(enough, f"{accepted} messages", PATIENCE)

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def _move_to(self, moment: datetime) -> None:
        self.offset = moment - datetime.now(UTC)
        stack.set_clock(self.local, self.offset.total_seconds())

    def _move_by(self, *, minutes: int) -> None:
        self._move_to(self._now() + timedelta(minutes=minutes))

    @contextmanager
    def _phase(self, what: str) -> Generator[None]:
        begun = time.monotonic()
        yield
        accepted = drive.counters(self.local)["accepted"]
        console.print(f"{time.monotonic() - begun:6.1f} s  {what}; WhatsApp has accepted {accepted}")


if __name__ == "__main__":
    sys.exit(main())
