"""Nothing is allowed to "*" without a reason, and nothing that an auditor looks for is left out without one."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, cast

import pytest

from tests.unit.template import Node, every_stage, source, stack

# What has a star in it, as "what it is in / where: the star", and why. `*` here stands for any name.
WHY = {
    "DataKey / Action: kms:*": "the account administers its key; without this nobody could, AWS's own default",
    "DataKey / Action: kms:ReEncrypt*": "From and To, which belong together",
    "DataKey / Action: kms:GenerateDataKey*": "with and without its plain text, as each service asks",
    "DataKey / Resource: *": "in a key's policy: that key",
    "DataKey / Principal: *": "everybody of this account, through a service that holds our data",
    "DataKey / Condition: arn:aws:logs:us-east-1:*:log-group:*": "log groups' names are CloudFormation's",
    "*TlsOnly / Action: *:*": "a Deny: whatever is asked without TLS is refused",
    "*TlsOnly / Principal: *": "a Deny: whoever asks without TLS is refused",
    "*TlsOnly / Resource: ${*.Arn}/*": "of a bucket: all objects",
    "QueuesTlsOnly / Resource: *": "in a queue's policy: that queue",
    "RuleMayQueue* / Action: sqs:*": "a Deny: whatever is asked without TLS is refused",
    "RuleMayQueue* / Principal: *": "a Deny: whoever asks without TLS is refused",
    "RuleMayQueue* / Resource: *": "in a queue's policy: that queue",
    "*Table / Action: dynamodb:*": "a Deny: whatever is asked without TLS is refused",
    "*Table / Principal: *": "a Deny: whoever asks without TLS is refused",
    "*Table / Resource: *": "in a table's policy: that table and its indexes",
    "IngestRole / Resource: ${InboxBucket.Arn}/*/*": "the files of a kind",
    "IngestRole / Resource: ${InboxBucket.Arn}/*": "a file in the wrong place may lie anywhere",
    "*Role / Resource: ${InboxBucket.Arn}/results/*": "results of all portfolios",
    "*Role / Resource: ${WorkBucket.Arn}/*/*": "parts, lists, and who was erased: one folder each",
    "*Role / Resource: ${ReceiptsBucket.Arn}/receipts/*": "receipts of all borrowers",
    "PortfolioReader / Resource: ${InboxBucket.Arn}/results/${aws:PrincipalTag/portfolio}/*": "of one portfolio",
    "PortfolioReader / Condition: results/${aws:PrincipalTag/portfolio}/*": "of one portfolio",
    "BucketLogsTlsOnly / Resource: ${BucketLogs.Arn}/*": "S3 names the files of its log",
    "*Permission / SourceArn: arn:aws:execute-api:us-east-1:*:${*Api}/[*]/*": "any stage; it has one",
}
ALLOWS_ALL = {"DataKey / Action: kms:*", "DataKey / Principal: *"}


def stars(stage: str) -> set[str]:
    """Every star in a policy, of roles, resources and permissions, and also what is there with a Canary."""
    canary = "false" if stage == "local" else "true"
    resources = stack(stage, Canary=canary).resources
    return {star for name, item in resources.items() for star in _stars(name, item.get("Properties", {}))}


def _stars(name: str, node: Any, where: str = "") -> Iterator[str]:
    """Those under the keys of a statement, and the source of a permission."""
    match node:
        case dict():
            for key, value in cast(Node, node).items():
                inside = key if not where and key in {"Action", "Resource", "Principal", "SourceArn"} else where
                inside = "Condition" if key == "Condition" and isinstance(value, dict) else inside
                yield from _stars(name, value, inside)
        case list():
            for value in cast(list[Any], node):
                yield from _stars(name, value, where)
        case str() if where and "*" in node:
            yield f"{name} / {where}: {node}"
        case _:
            return


@every_stage
def test_every_star_has_its_reason(stage: str) -> None:
    found = stars(stage)
    assert len(found) > 15
    assert not {star for star in found if not any(_is(star, pattern) for pattern in WHY)}


def test_no_reason_is_for_a_star_that_is_gone() -> None:
    found = stars("prod") | stars("dev")
    assert not {pattern for pattern in WHY if not any(_is(star, pattern) for star in found)}


def _is(star: str, pattern: str) -> bool:
    """A pattern's last part that is a star alone means that star, and no name."""
    if pattern.endswith(": *"):
        return star.endswith(": *") and fnmatchcase(star.removesuffix("*"), pattern.removesuffix("*"))
    return fnmatchcase(star, pattern)


@every_stage
def test_what_is_allowed_to_everybody_or_for_everything_is_the_keys_alone(stage: str) -> None:
    now = stack(stage)
    open_to_all = {
        f"{name} / {part}: {star}"
        for name, item in now.resources.items()
        for statement in _statements(item.get("Properties", {}))
        if statement["Effect"] == "Allow"
        for part in ("Action", "Principal")
        for star in _listed(statement.get(part))
        if star == "*" or star.endswith(":*")
    }
    assert open_to_all == ALLOWS_ALL


def _statements(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        held = cast(Node, node)
        if "Effect" in held:
            yield held
        for value in held.values():
            yield from _statements(value)
    elif isinstance(node, list):
        for value in cast(list[Any], node):
            yield from _statements(value)


def _listed(value: Any) -> list[str]:
    """An action, or a principal of any kind, as texts."""
    match value:
        case str():
            return [value]
        case list():
            return cast(list[str], value)
        case dict():
            return [one for each in cast(Node, value).values() for one in _listed(each)]
        case _:
            return []


@every_stage
def test_no_role_has_a_wildcard_but_at_the_end_of_a_path(stage: str) -> None:
    now = stack(stage)
    for role in now.of("AWS::IAM::Role"):
        for grant in now.role_grants(role):
            assert grant.effect == "Allow"
            assert all(re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action) for action in grant.actions), role
            assert all(re.fullmatch(r"[^*?]+(/\*)?", where) for where in grant.resources), role


SKIPPED = [
    (name, skip)
    for name, item in source()["Resources"].items()
    for skip in item.get("Metadata", {}).get("checkov", {}).get("skip", [])
]


def test_some_rules_are_skipped() -> None:
    assert {skip["id"] for _, skip in SKIPPED} == {
        "CKV_AWS_18",
        "CKV_AWS_21",
        "CKV_AWS_33",
        "CKV_AWS_115",
        "CKV_AWS_116",
        "CKV_AWS_117",
    }


@pytest.mark.parametrize(("resource", "skip"), SKIPPED)
def test_a_rule_that_is_skipped_says_why(resource: str, skip: Node) -> None:
    assert set(skip) == {"id", "comment"}
    assert re.fullmatch(r"[A-Z].{20,}\.", skip["comment"]), resource
