"""Who may delete, who may change what happened, and who sees whose results."""

import re
from fnmatch import fnmatchcase

import pytest

from cobranza.store.personal_keys import ERASURES
from tests.unit.template import ACCOUNT, Stack, Statement, every_stage, stack, statements

_DELETES = re.compile(
    r"(s3|dynamodb):(\w*Delete\w*|BatchWriteItem|PutLifecycleConfiguration|UpdateTimeToLive|\*)|\*"
)
_CHANGES = re.compile(r"dynamodb:(\w*Update\w*|\w*Delete\w*|BatchWriteItem|\*)|\*")
ERASES = "EraseRole"


def actions(of: Stack, role: str) -> set[str]:
    return {action for grant in of.role_grants(role) for action in grant.actions}


def may(of: Stack, role: str, action: str) -> set[str]:
    return {resource for grant in of.role_grants(role) if grant.allows(action) for resource in grant.resources}


@every_stage
def test_nobody_but_one_role_may_delete_from_a_table_or_a_bucket(stage: str) -> None:
    now = stack(stage)
    roles = now.of("AWS::IAM::Role")
    assert {role for role in roles if any(map(_DELETES.fullmatch, actions(now, role)))} == {ERASES}
    for policy in now.of("AWS::IAM::ManagedPolicy").values():
        granted = {action for each in statements(policy["PolicyDocument"]) for action in each.actions}
        assert not any(map(_DELETES.fullmatch, granted))
    assert now.trusted_by(ERASES) == {f"AWS arn:aws:iam::{ACCOUNT}:root"}
    assert ERASES not in {function.role for function in now.functions.values()}


@every_stage
def test_no_role_at_all_may_change_what_happened(stage: str) -> None:
    now = stack(stage)
    for role in now.of("AWS::IAM::Role"):
        for grant in now.role_grants(role):
            if any("${JournalTable" in where or where == "*" for where in grant.resources):
                assert not any(map(_CHANGES.fullmatch, grant.actions)), role


def test_who_erases_deletes_from_the_ledger_and_receipts_alone() -> None:
    now = stack("prod")
    assert may(now, ERASES, "dynamodb:DeleteItem") == {"${LedgerTable.Arn}"}
    assert may(now, ERASES, "s3:DeleteObjectVersion") == {"${ReceiptsBucket.Arn}/receipts/*"}
    assert may(now, ERASES, "s3:PutObject") == {f"${{WorkBucket.Arn}}/{ERASURES}*"}
    assert may(now, ERASES, "dynamodb:PutItem") == {"${LedgerTable.Arn}"}
    assert may(now, ERASES, "dynamodb:PartiQLInsert") == {"${JournalTable.Arn}"}


def test_who_was_erased_is_never_forgotten() -> None:
    rules = stack("prod").of("AWS::S3::Bucket")["WorkBucket"]["LifecycleConfiguration"]["Rules"]
    ends = [rule.get("Prefix", "") for rule in rules if "ExpirationInDays" in rule]
    assert not [prefix for prefix in ends if ERASURES.startswith(prefix)]


# The results of a portfolio, for whoever has its tag.


def reads(portfolio: str, key: str) -> bool:
    """Whether a caller tagged so may read an object of the inbox."""
    return any(
        grant.allows("s3:GetObject")
        and any(fnmatchcase(f"${{InboxBucket.Arn}}/{key}", where) for where in resources)
        for grant in reader()
        if (resources := [_tagged(where, portfolio) for where in grant.resources])
    )


def lists(portfolio: str, prefix: str) -> bool:
    return any(
        grant.allows("s3:ListBucket")
        and grant.covers("${InboxBucket.Arn}")
        and fnmatchcase(prefix, _tagged(grant.conditions["StringLike"]["s3:prefix"], portfolio))
        for grant in reader()
    )


def reader() -> list[Statement]:
    return statements(stack("prod").of("AWS::IAM::ManagedPolicy")["PortfolioReader"]["PolicyDocument"])


def _tagged(text: str, portfolio: str) -> str:
    return text.replace("${aws:PrincipalTag/portfolio}", portfolio)


@pytest.mark.parametrize("place", ["debts/a.csv/refused.csv", "outcomes/dt=2026-11-24/outcomes.csv"])
def test_a_portfolios_reader_reads_its_results_and_no_other_portfolios(place: str) -> None:
    assert reads("tienda", f"results/tienda/{place}")
    assert not reads("tienda", f"results/otra/{place}")
    assert not reads("tienda", f"results/tienda-2/{place}")
    assert not reads("", f"results/tienda/{place}")


def test_a_portfolios_reader_sees_neither_dropped_files_nor_other_names() -> None:
    assert not reads("tienda", "debts/tienda/a.csv")
    assert not reads("tienda", "control/tienda/PAUSE")
    assert lists("tienda", "results/tienda/debts/")
    assert not any(lists("tienda", prefix) for prefix in ("", "results/", "results/otra/", "results/tienda-2/"))


def test_a_portfolios_reader_does_nothing_else() -> None:
    assert {action for grant in reader() for action in grant.actions} == {"s3:GetObject", "s3:ListBucket"}
