"""The topic on which people hear what became of a file: where its results lie, how many rows, nobody's data."""

import json
from typing import Any

from cobranza.files.results import Summary


class Notices:
    def __init__(self, sns: Any, topic: str) -> None:
        self._sns = sns
        self._topic = topic

    def tell(self, summary: Summary, results: str) -> None:
        state = "REFUSED" if summary.error else "WAITING" if summary.waiting else "DONE"
        if summary.pause:
            state = summary.pause["state"]
        told = {
            "v": 1,
            "state": state,
            "kind": summary.kind,
            "portfolio": summary.portfolio,
            "results": f"{results}/",
            "code": summary.error.code if summary.error else "",
            "read": summary.read,
            "created": summary.created,
            "updated": summary.updated,
            "unchanged": summary.unchanged,
            "refused": summary.refused,
            "closed": summary.closed,
            "waiting": summary.waiting and dict(summary.waiting),
        }
        subject = f"{state}: {summary.kind} of {summary.portfolio}"
        self._sns.publish(TopicArn=self._topic, Subject=subject, Message=json.dumps(told, indent=1))
