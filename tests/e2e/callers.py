"""Who calls the emulator with rights of their own, which it enforces."""

from dataclasses import dataclass, field
from typing import Any

import boto3

REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}


def arn(role: str) -> str:
    return f"arn:aws:iam::000000000000:role/{role}"


@dataclass
class Caller:
    """One session, and so one client for each service, that calls as one function or another."""

    sts: Any
    endpoint: str
    session: boto3.Session = field(default_factory=lambda: boto3.Session("none", "none", "none", "us-east-1"))
    clients: dict[str, Any] = field(default_factory=dict[str, Any])

    def become(self, role: str) -> None:
        given = self.sts.assume_role(RoleArn=arn(role), RoleSessionName="test")["Credentials"]
        mine: Any = self.session.get_credentials()
        mine.access_key, mine.secret_key = given["AccessKeyId"], given["SecretAccessKey"]
        mine.token = given["SessionToken"]

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self.session.client(service, endpoint_url=self.endpoint)
        return self.clients[service]
