"""What goes wrong during a storm, all at once, and how often it did."""

import shutil
from collections.abc import Collection
from pathlib import Path

import requests

from local import faults
from local.stack import Stack

HOOK = Path(__file__).parent / "hook"

# Calls are refused and cut as in the demo; messages do not arrive; news comes late, twice, in another order,
# changed on its way, unsigned; pictures cannot be had at once.
SIMULATOR = (
    *faults.CALLS,
    {"kind": "undeliverable", "rate": 0.01},
    {"kind": "fails_after_sent", "rate": 0.01},
    {"kind": "never_delivered", "rate": 0.02},
    {"kind": "webhook_doubled", "rate": 0.1, "seconds": 2},
    {"kind": "webhook_delayed", "rate": 0.1, "seconds": 4},
    {"kind": "webhook_reordered", "rate": 0.1, "seconds": 3},
    {"kind": "webhook_changed", "rate": 0.003},
    {"kind": "webhook_unsigned", "rate": 0.003},
    {"kind": "media_http500", "rate": 0.1},
    {"kind": "media_404", "rate": 0.1},
)
THROTTLED = 0.03
DEATHS = {"send": 5, "webhook": 5, "answer": 3, "ingest": 2, "receipts": 1}
# Seconds after which a message whose worker died comes back: minutes on AWS, for which nobody waits here.
BACK_AFTER = {"files": 45, "reminders": 45, "media": 30, "replies": 45}


class Weather:
    """`folder` is what the hook in the functions reads (local/storm/hook)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.died = 0
        (folder / "deaths").mkdir(parents=True)
        (folder / "throttle").write_text("0")
        (folder / "throttled").touch()

    @property
    def functions_see(self) -> dict[str, str]:
        return {"PYTHONPATH": str(HOOK), "COBRANZA_STORM": str(self.folder)}

    def rise(self, stack: Stack) -> None:
        """All of it, but for deaths."""
        for queue, seconds in BACK_AFTER.items():
            stack.client("sqs").set_queue_attributes(
                QueueUrl=stack.queues[queue], Attributes={"VisibilityTimeout": str(seconds)}
            )
        for fault in SIMULATOR:
            requests.post(f"{stack.simulator_url}/_sim/faults", json=fault, timeout=10).raise_for_status()
        (self.folder / "throttle").write_text(str(THROTTLED))

    def kill(self, stack: Stack, functions: Collection[str]) -> None:
        """From now on so many workers of these die, each at some call to AWS."""
        for function in functions:
            folder = self.folder / "deaths" / stack.functions[function]
            folder.mkdir()
            for number in range(DEATHS[function]):
                (folder / str(number)).touch()

    def spare(self, stack: Stack, functions: Collection[str]) -> None:
        for function in functions:
            folder = self.folder / "deaths" / stack.functions[function]
            self.died += DEATHS[function] - len(list(folder.iterdir()))
            shutil.rmtree(folder)

    def calm(self, stack: Stack) -> None:
        """WhatsApp and the tables work as on other days."""
        (self.folder / "throttle").write_text("0")
        requests.delete(f"{stack.simulator_url}/_sim/faults", timeout=10).raise_for_status()

    @property
    def throttled(self) -> int:
        return (self.folder / "throttled").stat().st_size
