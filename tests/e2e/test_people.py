"""The rights of people, assumed for real: who sees one portfolio's results, and who may erase.

The emulator puts no caller's tag into a policy, so the reader's is put in here as AWS does it; who gets which
portfolio by a tag is held on paper (tests/unit/test_template_people.py).
"""

import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cobranza.store.keys import STOP
from cobranza_cli import erase, place
from cobranza_cli.place import Place
from local import drive, samples
from local.stack import FOLDER, Stack
from tests.e2e.callers import REFUSALS, Caller, arn
from tests.e2e.steps import csv, drop, say

PHONE = "+525555550941"
TAG = "${aws:PrincipalTag/portfolio}"
ANYBODY = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}

type Call = Callable[[], object]


def refused(calls: dict[str, Call]) -> set[str]:
    """The names of those that IAM refuses."""
    return {name for name, call in calls.items() if _code(call) in REFUSALS}


def _code(call: Call) -> str:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


# Who sees the results of one portfolio.


@contextmanager
def reader(stack: Stack, policy: str) -> Generator[Caller]:
    """A role of the team of portfolio uno, tagged so, with a policy."""
    iam, name = stack.client("iam"), "team-uno"
    trust = json.dumps({"Version": "2012-10-17", "Statement": [ANYBODY]})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=[{"Key": "portfolio", "Value": "uno"}])
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    caller = Caller(stack.client("sts"), stack.endpoint)
    caller.become(name)
    try:
        yield caller
    finally:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy)
        iam.delete_role(RoleName=name)


@pytest.fixture
def filled(stack: Stack, physical: dict[str, str]) -> Generator[str]:
    """The deployed policy with the tag uno in its place."""
    iam, deployed = stack.client("iam"), physical["PortfolioReader"]
    version = iam.get_policy(PolicyArn=deployed)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=deployed, VersionId=version)["PolicyVersion"]["Document"]
    text = json.dumps(document)
    assert text.count(TAG) == 2
    made = iam.create_policy(PolicyName="reader-uno", PolicyDocument=text.replace(TAG, "uno"))["Policy"]["Arn"]
    yield made
    iam.delete_policy(PolicyArn=made)


@pytest.fixture
def results(stack: Stack, today: datetime) -> str:
    """The inbox, with files of two portfolios and what became of them."""
    drive.drop_and_wait(stack, "portfolios/uno-2/portfolio.yaml", samples.PORTFOLIO_YAML.encode())
    for portfolio in ("uno", "uno-2"):
        drive.drop_and_wait(stack, f"debts/{portfolio}/a.csv", csv(today, {"P1": PHONE}).encode())
    return stack.buckets["inbox"]


def test_a_portfolios_reader_lists_and_reads_its_results(stack: Stack, results: str, filled: str) -> None:
    with reader(stack, filled) as caller:
        s3 = caller.client("s3")
        listed = s3.list_objects_v2(Bucket=results, Prefix="results/uno/")["Contents"]
        assert "results/uno/debts/a.csv/summary.json" in {each["Key"] for each in listed}
        told = s3.get_object(Bucket=results, Key="results/uno/debts/a.csv/summary.json")["Body"].read()
    assert json.loads(told)["created"] == 1


def test_a_portfolios_reader_is_refused_all_else(stack: Stack, results: str, filled: str) -> None:
    with reader(stack, filled) as caller:
        s3, dynamodb, secrets = map(caller.client, ("s3", "dynamodb", "secretsmanager"))
        calls: dict[str, Call] = {
            f"list {prefix!r}": lambda prefix=prefix: s3.list_objects_v2(Bucket=results, Prefix=prefix)
            for prefix in ("", "results/", "results/uno", "results/uno-2/", "debts/uno/", "control/")
        }
        calls["list all"] = lambda: s3.list_objects_v2(Bucket=results)
        calls |= {
            f"get {key}": lambda key=key: s3.get_object(Bucket=results, Key=key)
            for key in (
                "results/uno-2/debts/a.csv/summary.json",
                "debts/uno/a.csv",
                "portfolios/uno/portfolio.yaml",
            )
        }
        own = "results/uno/debts/a.csv/summary.json"
        calls |= {
            "put": lambda: s3.put_object(Bucket=results, Key=own, Body=b""),
            "delete": lambda: s3.delete_object(Bucket=results, Key=own),
            "receipts": lambda: s3.list_objects_v2(Bucket=stack.buckets["receipts"], Prefix="results/uno/"),
            "work": lambda: s3.list_objects_v2(Bucket=stack.buckets["work"], Prefix="results/uno/"),
            "ledger": lambda: dynamodb.scan(TableName=stack.tables["ledger"]),
            "journal": lambda: dynamodb.scan(TableName=stack.tables["journal"]),
            "secret": lambda: secrets.get_secret_value(SecretId=stack.secrets["provider"]),
        }
        assert refused(calls) == calls.keys()


def test_where_no_tag_is_put_in_nothing_is_seen(stack: Stack, results: str, physical: dict[str, str]) -> None:
    with reader(stack, physical["PortfolioReader"]) as caller:
        s3 = caller.client("s3")
        calls: dict[str, Call] = {
            "list": lambda: s3.list_objects_v2(Bucket=results, Prefix="results/uno/"),
            "get": lambda: s3.get_object(Bucket=results, Key="results/uno/debts/a.csv/summary.json"),
        }
        assert refused(calls) == calls.keys()


# Who erases.


@contextmanager
def user(stack: Stack, *statements: dict[str, Any]) -> Generator[dict[str, str]]:
    """Somebody of the company with these rights: how their clients are made."""
    iam, name = stack.client("iam"), "officer"
    iam.create_user(UserName=name)
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName=name, PolicyName="mine", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    try:
        yield {
            "endpoint_url": stack.endpoint,
            "region_name": stack.region,
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }
    finally:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        if statements:
            iam.delete_user_policy(UserName=name, PolicyName="mine")
        iam.delete_user(UserName=name)


@pytest.fixture
def deployed(stack: Stack) -> Place:
    """As in stage dev, where the command assumes the role; time is not moved there."""
    found = place.find(stack.stack, "", FOLDER / f"test-{os.getpid()}")
    outputs = {name: value for name, value in found.outputs.items() if name != "ClockParameter"}
    return replace(found, outputs=outputs | {"Stage": "dev"})


def test_whoever_may_assume_the_role_erases_a_person_and_needs_no_other_right(
    stack: Stack, today: datetime, deployed: Place, physical: dict[str, str]
) -> None:
    others = files(stack)
    drop(stack, today, {"P1": PHONE})
    say(stack, PHONE, text="¿Dónde pago?")
    say(stack, PHONE, image=True)
    drive.settle(stack)
    assert len(files(stack) - others) == 1
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn(physical["EraseRole"])}
    with user(stack, assume) as options:
        (told,) = erase.erase(replace(deployed, options=options), "P1", "uno")
    assert (told["is_whole"], told["files"]) == (True, 1)
    assert (files(stack), people(stack)) == (others, set())
    assert STOP in {item["sk"] for item in drive.items(stack, "ledger")}
    assert "erased" in {item["event"] for item in drive.items(stack, "journal")}


def people(stack: Stack) -> set[tuple[str, str]]:
    """The keys of their items, but for the stops of their phones."""
    kinds = ("B#", "REF#", "CASE#")
    items = ((item["pk"], item["sk"]) for item in drive.items(stack, "ledger"))
    return {key for key in items if key[0].startswith(kinds) and key[1] != STOP}


def files(stack: Stack) -> set[str]:
    """What they sent."""
    answer = stack.client("s3").list_object_versions(Bucket=stack.buckets["receipts"])
    return {each["Key"] for each in answer.get("Versions", [])}


def test_whoever_may_not_assume_it_deletes_nothing(stack: Stack, today: datetime, deployed: Place) -> None:
    drop(stack, today, {"P1": PHONE})
    before = people(stack)
    assert before
    with user(stack) as options, pytest.raises(ClientError, match="AccessDenied"):
        erase.erase(replace(deployed, options=options), "P1", "uno")
    assert people(stack) == before


def test_who_erases_is_refused_what_is_no_persons(stack: Stack, today: datetime, physical: dict[str, str]) -> None:
    caller = Caller(stack.client("sts"), stack.endpoint)
    caller.become(physical["EraseRole"])
    s3, dynamodb, secrets = map(caller.client, ("s3", "dynamodb", "secretsmanager"))
    ledger, journal = stack.tables["ledger"], stack.tables["journal"]
    key = {"pk": {"S": "NOBODY"}, "sk": {"S": "NOTHING"}}
    inbox, work, receipts = (stack.buckets[name] for name in ("inbox", "work", "receipts"))
    calls: dict[str, Call] = {
        "a line": lambda: dynamodb.delete_item(TableName=journal, Key=key),
        "a change of it": lambda: dynamodb.update_item(TableName=journal, Key=key),
        "another in its place": lambda: dynamodb.put_item(TableName=journal, Item=key),
        "the ledger": lambda: dynamodb.delete_table(TableName=ledger),
        "a dropped file": lambda: s3.delete_object(Bucket=inbox, Key="portfolios/uno/portfolio.yaml"),
        "who was erased": lambda: s3.delete_object(Bucket=work, Key="erased/a"),
        "a picture, to be seen": lambda: s3.get_object(Bucket=receipts, Key="receipts/a/b.jpg"),
        "the token": lambda: secrets.get_secret_value(SecretId=stack.secrets["provider"]),
    }
    assert refused(calls) == calls.keys()
    allowed: dict[str, Call] = {
        "an item": lambda: dynamodb.delete_item(TableName=ledger, Key=key),
        "who is erased": lambda: s3.put_object(Bucket=work, Key="erased/a", Body=b""),
    }
    assert refused(allowed) == set()
