"""The stack's queues: those that functions read, and those for what was given up."""

from cobranza_cli.place import Place

READ = ("files", "reminders", "media", "replies")
GIVEN_UP = (*READ, "reports", "events")
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def queue(name: str) -> str:
    """The output with its address."""
    return f"{name.title()}QueueUrl"


def dead_letters(name: str) -> str:
    return f"{name.title()}DeadLettersUrl"


def waiting(place: Place) -> dict[str, int]:
    """How many messages are in each queue that functions read."""
    return {name: _count(place, queue(name)) for name in READ}


def given_up(place: Place) -> dict[str, int]:
    return {f"{name} given up": _count(place, dead_letters(name)) for name in GIVEN_UP}


def _count(place: Place, output: str) -> int:
    answer = place.client("sqs").get_queue_attributes(QueueUrl=place.outputs[output], AttributeNames=[*_COUNTS])
    return sum(map(int, answer["Attributes"].values()))
