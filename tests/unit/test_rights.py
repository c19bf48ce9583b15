"""Each function's policies, evaluated: it may do what rights.py lists for it, and is refused all else there."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

import pytest

from tests.unit.rights import FUNCTIONS, MAY, Attempt, refused_to
from tests.unit.template import (
    BUCKET,
    QUEUE,
    SECRET,
    TABLE,
    Function,
    Statement,
    every_stage,
    stack,
)

THINGS = (TABLE, QUEUE, SECRET, BUCKET, "AWS::SNS::Topic", "AWS::Events::EventBus")
each_function = pytest.mark.parametrize("name", sorted(FUNCTIONS))


def thing(where: str) -> str:
    """The resource of a statement by its logical name: "InboxBucket/results/*"."""
    return re.sub(r"\$\{(\w+)(\.\w+)?\}", r"\1", where)


def is_granted(grants: Iterable[Statement], attempt: Attempt) -> bool:
    """As IAM evaluates it where nothing is denied (test_template_rights.py); a condition counts as if it held."""
    action, wanted = attempt
    return any(
        grant.allows(action) and any(fnmatchcase(wanted, thing(where)) for where in grant.resources)
        for grant in grants
    )


def function(name: str, stage: str = "prod") -> Function:
    return stack(stage).functions[f"{name.title()}Function"]


@every_stage
@each_function
def test_a_function_may_do_what_is_listed_and_is_refused_the_rest(name: str, stage: str) -> None:
    grants = function(name, stage).grants
    granted = {attempt for attempt in MAY if is_granted(grants, attempt)}
    assert granted == {attempt for attempt, who in MAY.items() if name in who}


@each_function
def test_a_function_is_refused_what_happened_others_secrets_and_others_queues(name: str) -> None:
    refused = refused_to(name)
    for action in ("UpdateItem", "DeleteItem", "Scan"):
        assert (f"dynamodb:{action}", "JournalTable") in refused
    for action, other in (("dynamodb:DeleteItem", "LedgerTable"), ("dynamodb:Scan", "LedgerTable")):
        assert (action, other) in refused
    assert len([each for each in refused if each[0] == "secretsmanager:GetSecretValue"]) >= 2
    assert len([each for each in refused if each[0] == "sqs:ReceiveMessage"]) >= 10
    assert ("s3:GetObject", "ReceiptsBucket/receipts/a/b.jpg") in refused


@every_stage
def test_no_thing_is_forgotten_in_the_list(stage: str) -> None:
    listed = {named.split("/")[0] for _, named in MAY}
    now = stack(stage)
    assert {name for kind in THINGS for name in now.of(kind)} <= listed
    assert {name.removesuffix("Function").lower() for name in now.functions} == FUNCTIONS


@each_function
def test_nothing_is_granted_on_what_is_not_in_the_list(name: str) -> None:
    listed = {named.split("/")[0] for _, named in MAY}
    granted = {thing(where).split("/")[0] for grant in function(name).grants for where in grant.resources}
    assert granted - listed == {thing(function(name).properties["LoggingConfig"]["LogGroup"])}


def test_a_right_too_many_would_be_found() -> None:
    grants = (
        *function("send").grants,
        Statement("Allow", frozenset(), frozenset({"dynamodb:*"}), frozenset({"${JournalTable.Arn}"}), {}),
    )
    assert is_granted(grants, ("dynamodb:DeleteItem", "JournalTable"))
    assert not is_granted(grants, ("dynamodb:DeleteItem", "LedgerTable"))
