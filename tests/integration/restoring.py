"""A morning's borrowers, and the journal put back into the ledger."""

from datetime import UTC, datetime

from typer.testing import CliRunner, Result

from cobranza_cli import app
from tests.integration.world import World

BRUNO = {"borrower_id": "C2", "name": "Bruno Ejemplo", "phone": "+525555550102", "debt_id": "F-2"}


def run(since: datetime, *words: str) -> Result:
    moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return CliRunner().invoke(app.app, ["restore", "--since", moment, "--yes", "--json", *words])


def remind(world: World) -> dict[str, str]:
    """The outcomes of all who are due now, by their references."""
    return {reminder.borrower: world.sender.remind(reminder, world.now).code for reminder in world.tick()}
