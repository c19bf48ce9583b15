"""Whatever a test tells others is heard, also where there is no world around it."""

import pytest

from cobranza import telemetry
from local import personal
from tests.overheard import Overheard


@pytest.mark.parametrize("leak", ["sent to +525555550101", "Lucía pays", "no item wamid.HBgN"])
def test_a_leak_into_the_log_is_heard(overheard: Overheard, leak: str) -> None:
    telemetry.logger.warning(leak)
    assert [where for where, text in overheard.said if personal.find(text)] == ["log"]
    overheard.said.clear()


def test_a_leak_in_an_error_is_heard(overheard: Overheard) -> None:
    try:
        raise KeyError("+525555550101")
    except KeyError:
        telemetry.logger.exception("reminder failed")
    ((_, text),) = overheard.said
    assert {*personal.find(text)} == {"+525555550101"}
    overheard.said.clear()
