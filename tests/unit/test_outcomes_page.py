from local import outcomes


def test_the_architecture_lists_the_outcomes_as_the_code_has_them() -> None:
    page = outcomes.PAGE.read_text()
    assert outcomes.renewed(page) == page, "run python -m local.outcomes"
