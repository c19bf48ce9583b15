"""Where the stack is: on AWS by its CloudFormation outputs, or on this machine by .local/stack.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.exceptions import ClientError, EndpointConnectionError

from cobranza.clock import moved_by, real_time
from cobranza.flows.faults import faults_of, with_registered_button
from cobranza.flows.room import Room
from cobranza.policy.portfolio import Portfolio
from cobranza.refs import References
from cobranza.settings import phones_of
from cobranza.store.ledger import Ledger
from cobranza.store.limits import Limits, Ramps
from cobranza.store.objects import Bucket
from cobranza.store.portfolios import switched_on
from cobranza.store.secrets import Secret
from cobranza.store.table import Table
from cobranza.store.templates import Templates
from cobranza.whatsapp.account import Account
from cobranza.whatsapp.client import token_of

PARAMETERS = (
    *("Stage", "CountriesOn", "TestPhones", "PeoplePerDay"),
    *("GraphApiUrl", "GraphApiVersion", "Senders", "CasesIssuer"),
)


class NoStack(Exception):
    """There is no such stack, or it is not ours; the message says what to do."""


@dataclass(frozen=True)
class Place:
    """`outputs` are the stack's own, with those of its parameters that are in PARAMETERS; `options` how a client
    is made."""

    outputs: dict[str, str]
    options: dict[str, str]

    def client(self, service: str) -> Any:
        return boto3.client(service, **self.options)

    @cached_property
    def ledger(self) -> Table:
        return Table(self.client("dynamodb"), self.outputs["Ledger"])

    @cached_property
    def journal(self) -> Table:
        return Table(self.client("dynamodb"), self.outputs["Journal"])

    @cached_property
    def inbox(self) -> Bucket:
        return Bucket(self.client("s3"), self.outputs["Inbox"])

    @cached_property
    def work(self) -> Bucket:
        return Bucket(self.client("s3"), self.outputs["Work"])

    @cached_property
    def receipts(self) -> Bucket:
        return Bucket(self.client("s3"), self.outputs["Receipts"])

    def erasing(self) -> "Place":
        """The same with the rights of the role that alone may delete; on this machine there is nobody else."""
        if self.outputs["Stage"] == "local":
            return self
        answer = self.client("sts").assume_role(
            RoleArn=self.outputs["EraseRoleArn"], RoleSessionName="cobranza-erase"
        )
        given = answer["Credentials"]
        names = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey"}
        names |= {"aws_session_token": "SessionToken"}
        return replace(self, options=self.options | {name: given[told] for name, told in names.items()})

    @property
    def only_to(self) -> frozenset[str] | None:
        """The only phones that the stack may write to; None: to all."""
        return phones_of(self.outputs["Stage"], self.outputs["TestPhones"])

    @property
    def room(self) -> Room:
        """How many people may still be written to, as the tables tell now."""
        return Room(Limits(self.ledger, int(self.outputs["PeoplePerDay"])), Ramps(self.ledger))

    def now(self) -> datetime:
        """By the stack's clock, which can be moved on this machine."""
        return moved_by(lambda: float(self.offset()))() if "ClockParameter" in self.outputs else real_time()

    def offset(self) -> str:
        """The clock parameter as it is written, on this machine alone."""
        return self.client("ssm").get_parameter(Name=self.outputs["ClockParameter"])["Parameter"]["Value"]

    @cached_property
    def references(self) -> References:
        """Asks for the identity key: whoever may, can tell which borrower a reference is."""
        answer = self.client("secretsmanager").get_secret_value(SecretId=self.outputs["IdentitySecretArn"])
        return References(json.loads(answer["SecretString"])["key"])

    def faults(self) -> Mapping[tuple[str, str], str]:
        """Why texts cannot be sent as Meta has them, by the same rule as the sender."""
        return faults_of(Templates(self.ledger), is_needed=self.outputs.get("Stage") == "prod")()

    def portfolio(self, portfolio_id: str) -> Portfolio | None:
        """As the sender sees it: in the countries that are on, with the button that is registered."""
        declared = switched_on(Ledger(self.ledger).portfolio, self.outputs["CountriesOn"].split(","))
        return with_registered_button(declared, Templates(self.ledger))(portfolio_id)

    def account(self, account_id: str) -> Account:
        """The business account at Meta, with the token that the senders use."""
        secret = Secret(self.client("secretsmanager"), self.outputs["ProviderSecretArn"])
        url, version = self.outputs["GraphApiUrl"], self.outputs["GraphApiVersion"]
        return Account(url, version, account_id, lambda: token_of(secret()), requests.Session())


def find(stack: str, region: str, local: Path | None) -> Place:
    """Raises NoStack."""
    options: dict[str, str] = {"region_name": region} if region else {}
    instead: dict[str, str] = {}
    if local:
        try:
            described = json.loads((local / "stack.json").read_text())
            stack = described["stack"]
            options = {
                "endpoint_url": described["endpoint"],
                "region_name": described["region"],
                "aws_access_key_id": "test",
                "aws_secret_access_key": "test",
            }
            # The names that CloudFormation tells lead nowhere.
            instead = {"WebhookUrl": described["webhook_url"], "CasesUrl": described["cases_url"]}
        except FileNotFoundError as error:
            raise NoStack(f"no stack is described in {local}: run make up") from error
        except (ValueError, TypeError, KeyError) as error:
            raise NoStack(f"{local}/stack.json is not whole: run make down, then make up") from error
    formation = boto3.client("cloudformation", **options)
    try:
        (found,) = formation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise NoStack(f"no stack {stack!r} here: name it by --stack and --region") from error
    except EndpointConnectionError as error:
        if local is None:
            raise
        raise NoStack(f"the stack that {local} describes does not answer: run make up") from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    given = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
    outputs |= {name: given.get(name, "") for name in PARAMETERS}
    if "Ledger" not in outputs or "Inbox" not in outputs:
        raise NoStack(f"{stack!r} is no stack of Cobranza: it has no outputs Ledger and Inbox")
    return Place(outputs | instead, options)
