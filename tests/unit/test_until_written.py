import pytest

from cobranza.store.table import ConditionFailed, until_written


def test_what_somebody_else_changed_meanwhile_is_read_and_written_again() -> None:
    tries = iter([None, None, "written", "again"])
    assert until_written(lambda: next(tries)) == "written"
    assert next(tries) == "again"


def test_what_changes_each_time_is_given_up_after_five() -> None:
    tries = iter([False] * 5 + [True])
    with pytest.raises(ConditionFailed, match="changed under our hands 5 times"):
        until_written(lambda: next(tries))
    assert next(tries)
