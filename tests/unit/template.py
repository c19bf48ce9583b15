"""The template as CloudFormation sees it: expanded by SAM, its parameters and conditions resolved for one stage.

References stay readable: `!Ref FilesQueue` becomes "${FilesQueue}"; `!GetAtt FilesQueue.Arn`, like the same inside
a `!Sub`, becomes "${FilesQueue.Arn}".
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, cast, get_type_hints

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from cobranza import settings
from cobranza.settings import Settings

type Node = dict[str, Any]

ROOT = Path(__file__).parents[2]
STAGES = ("local", "dev", "prod")
ACCOUNT = "111122223333"
ISSUER = "https://login.example.com/"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "cobranza",
    "AWS::URLSuffix": "amazonaws.com",
}
_ABSENT = object()


@cache
def source() -> Node:
    """The file itself, its short tags spelled out."""
    return yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))


def sources(kind: str) -> dict[str, Node]:
    """Logical name → the resource as it is written."""
    return {name: item for name, item in source()["Resources"].items() if item["Type"] == kind}


def expand(document: Node, **parameters: str) -> Node:
    """What CloudFormation gets after SAM's transform, with all conditions still open. SAM reads Canary alone."""
    document = copy.deepcopy(document)
    for resource in document["Resources"].values():
        for where in {"CodeUri", "ContentUri"} & set(resource.get("Properties", {})):
            if not resource["Properties"][where].startswith("s3://"):
                resource["Properties"][where] = "s3://artifacts/code"
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    return translator.translate(document, parameters)


@cache
def expanded(canary: str = "false") -> Node:
    return expand(source(), Canary=canary)


@cache
def stack(stage: str, **parameters: str) -> "Stack":
    """With the API of cases, whose resources exist where somebody has named an issuer."""
    template = expanded(parameters.get("Canary", "false"))
    return Stack(_Resolver(template, {"Stage": stage, "CasesIssuer": ISSUER, **parameters}).resources())


def refusals(stage: str, **parameters: str) -> list[str]:
    """What the Rules section answers to these parameters."""
    return _Resolver(source(), {"Stage": stage, **parameters}).refusals()


def admits(parameter: str, value: str) -> bool:
    return re.fullmatch(source()["Parameters"][parameter]["AllowedPattern"], value, re.ASCII) is not None


def name_of(reference: str) -> str:
    """The logical name in "${FilesQueue}" or "${FilesQueue.Arn}"."""
    match = re.fullmatch(r"\$\{(\w+)(\.\w+)*\}", reference)
    assert match, f"{reference} is no reference to a resource"
    return match[1]


def function_of(alias: str) -> str:
    """The function in "${SendFunctionAliaslive}"."""
    assert name_of(alias).endswith("Aliaslive"), f"{alias} is not what is live"
    return name_of(alias).removesuffix("Aliaslive")


def texts(node: Any) -> Iterator[str]:
    """Every string in a part of the template, names of properties excepted."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in cast(Node, node).values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in cast(list[Any], node):
            yield from texts(value)


@dataclass(frozen=True)
class Statement:
    effect: str
    principals: frozenset[str]  # "*", "Service events.amazonaws.com", "AWS *"
    actions: frozenset[str]
    resources: frozenset[str]
    conditions: Node

    def allows(self, action: str) -> bool:
        return self.effect == "Allow" and any(fnmatchcase(action, pattern) for pattern in self.actions)

    def covers(self, resource: str) -> bool:
        return any(fnmatchcase(resource, pattern) for pattern in self.resources)

    @property
    def is_for_everybody(self) -> bool:
        return not self.principals.isdisjoint({"*", "AWS *"})


@dataclass(frozen=True)
class Function:
    name: str
    role: str
    grants: tuple[Statement, ...]
    properties: Node

    @property
    def environment(self) -> dict[str, str]:
        return self.properties["Environment"]["Variables"]

    def may(self, action: str) -> set[str]:
        """The resources on which its role allows the action."""
        return {resource for grant in self.grants if grant.allows(action) for resource in grant.resources}


@dataclass(frozen=True)
class Stack:
    resources: dict[str, Node]

    def of(self, kind: str) -> dict[str, Node]:
        """Logical name → properties."""
        return {name: item.get("Properties", {}) for name, item in self.resources.items() if item["Type"] == kind}

    @property
    def functions(self) -> dict[str, Function]:
        found: dict[str, Function] = {}
        for name, properties in self.of("AWS::Lambda::Function").items():
            role = name_of(properties["Role"])
            found[name] = Function(name, role, self.role_grants(role), properties)
        return found

    def role_grants(self, role: str) -> tuple[Statement, ...]:
        policies = self.of("AWS::IAM::Role")[role]["Policies"]
        return tuple(grant for policy in policies for grant in statements(policy["PolicyDocument"]))

    def trusted_by(self, role: str) -> set[str]:
        document = self.of("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]
        return {principal for statement in statements(document) for principal in statement.principals}

    def policies_on(self, kind: str, target: str, resource: str) -> list[list[Statement]]:
        """The policies attached to a queue or bucket: `target` is the property that names it."""
        return [
            statements(properties["PolicyDocument"])
            for properties in self.of(kind).values()
            if f"${{{resource}}}" in _listed(properties[target])
        ]


def statements(document: Node) -> list[Statement]:
    return [
        Statement(
            effect=item["Effect"],
            principals=frozenset(_principals(item.get("Principal", {}))),
            actions=frozenset(_listed(item["Action"])),
            resources=frozenset(_listed(item.get("Resource", []))),
            conditions=item.get("Condition", {}),
        )
        for item in _listed(document["Statement"])
    ]


def dependencies(resource: Node) -> set[str]:
    """All names that a resource waits for: Ref, GetAtt, Sub and DependsOn, in both arms of every If."""
    named = [resource.get("Properties", {}), resource.get("UpdatePolicy", {})]
    return {*_listed(resource.get("DependsOn", [])), *_references(named)}


def cycle(resources: dict[str, Node]) -> list[str]:
    """Resources that wait for each other in a ring, the first again at the end; empty when there is none."""
    graph = {name: dependencies(resource) & set(resources) for name, resource in resources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _references(node: Any) -> Iterator[str]:
    match node:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": attribute}:
            yield _joined(attribute).split(".")[0]
        case {"Fn::Sub": [str(text), dict(variables)]}:
            names = {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
            yield from names - set(cast(Node, variables))
            yield from _references(variables)
        case {"Fn::Sub": str(text)}:
            yield from (name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text))
        case dict():
            for value in cast(Node, node).values():
                yield from _references(value)
        case list():
            for value in cast(list[Any], node):
                yield from _references(value)
        case _:
            pass


def _principals(principal: str | Node) -> Iterator[str]:
    if isinstance(principal, str):
        yield principal
    else:
        for kind, names in principal.items():
            yield from (f"{kind} {name}" for name in _listed(names))


def _listed(value: Any) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else [value]


def _joined(attribute: str | list[str]) -> str:
    return attribute if isinstance(attribute, str) else ".".join(attribute)


class _Resolver:
    def __init__(self, template: Node, given: dict[str, str]) -> None:
        self._template = template
        defaults = {
            name: parameter["Default"]
            for name, parameter in template["Parameters"].items()
            if "Default" in parameter
        }
        self._values: dict[str, Any] = {**PSEUDO, **defaults, **given}

    def resources(self) -> dict[str, Node]:
        return {
            name: self._value(resource)
            for name, resource in self._template["Resources"].items()
            if "Condition" not in resource or self._holds({"Condition": resource["Condition"]})
        }

    def refusals(self) -> list[str]:
        return [
            assertion["AssertDescription"]
            for rule in self._template["Rules"].values()
            if "RuleCondition" not in rule or self._holds(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self._holds(assertion["Assert"])
        ]

    def _holds(self, condition: Any) -> bool:
        match condition:
            case {"Condition": str(name)}:
                return self._holds(self._template["Conditions"][name])
            case {"Fn::Equals": [left, right]}:
                return self._value(left) == self._value(right)
            case {"Fn::Not": [inner]}:
                return not self._holds(inner)
            case {"Fn::And": list(inner)}:
                return all(self._holds(each) for each in cast(list[Any], inner))
            case {"Fn::Or": list(inner)}:
                return any(self._holds(each) for each in cast(list[Any], inner))
            case _:
                raise NotImplementedError(condition)

    def _value(self, node: Any) -> Any:
        match node:
            case {"Ref": "AWS::NoValue"}:
                return _ABSENT
            case {"Ref": str(name)}:
                return self._named(name)
            case {"Fn::GetAtt": attribute}:
                return f"${{{_joined(attribute)}}}"
            case {"Fn::Sub": [str(text), dict(variables)]}:
                return self._substituted(text, self._value(variables))
            case {"Fn::Sub": str(text)}:
                return self._substituted(text, {})
            case {"Fn::If": [str(name), yes, no]}:
                return self._value(yes if self._holds({"Condition": name}) else no)
            case {"Fn::FindInMap": [name, first, second]}:
                return self._template["Mappings"][name][self._value(first)][self._value(second)]
            case dict():
                items = {key: self._value(value) for key, value in cast(Node, node).items()}
                if unknown := [key for key in items if key.startswith("Fn::")]:
                    raise NotImplementedError(unknown)
                return {key: value for key, value in items.items() if value is not _ABSENT}
            case list():
                values = [self._value(value) for value in cast(list[Any], node)]
                return [value for value in values if value is not _ABSENT]
            case _:
                return node

    def _named(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        assert name in self._template["Resources"], f"{name} is neither a given parameter nor a resource"
        return f"${{{name}}}"

    def _substituted(self, text: str, variables: Node) -> str:
        def replaced(match: re.Match[str]) -> str:
            name = match[1]
            return match[0] if "." in name else str(variables.get(name) or self._named(name))

        # "${!name}" is no reference to CloudFormation: IAM reads it as "${name}".
        return re.sub(r"\$\{([^!}]+)\}", replaced, text).replace("${!", "${")


DEPLOYED = tuple(stage for stage in STAGES if stage != "local")
FUNCTIONS = tuple(sources("AWS::Serverless::Function"))
FORTNIGHT = 14 * 24 * 60 * 60
SIMULATOR = "http://127.0.0.1:8123"
DATA_KEY = {"${DataKey}", "${DataKey.Arn}"}

BUCKET = "AWS::S3::Bucket"
TABLE = "AWS::DynamoDB::Table"
QUEUE = "AWS::SQS::Queue"
SECRET = "AWS::SecretsManager::Secret"
KEY = "AWS::KMS::Key"
LOG_GROUP = "AWS::Logs::LogGroup"
MAPPING = "AWS::Lambda::EventSourceMapping"
POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL", "POWERTOOLS_METRICS_NAMESPACE"}

every_stage = pytest.mark.parametrize("stage", STAGES)
every_deployed_stage = pytest.mark.parametrize("stage", DEPLOYED)
every_function = pytest.mark.parametrize("function", FUNCTIONS)


def settings_of(function: str) -> type[Settings]:
    return getattr(settings, f"{function.removesuffix('Function')}Settings")


def variables(settings_class: type[Settings]) -> set[str]:
    return {name.upper() for name in get_type_hints(settings_class)}


def dig(node: Any, path: str) -> Any:
    """The value at a path such as "Rules.0.Name"; None when there is nothing."""
    for step in path.split("."):
        if not node:
            return None
        node = node[int(step)] if step.isdigit() else node.get(step)
    return node


def dead_letter_queues(of: Stack) -> set[str]:
    return {name_of(target) for target in dead_letter_targets(of)}


def dead_letter_targets(of: Stack) -> list[str]:
    """Where queues, the streams of a function, and functions that neither calls, leave what they give up."""
    targets = [dig(queue, "RedrivePolicy.deadLetterTargetArn") for queue in of.of(QUEUE).values()]
    targets += [dig(each.properties, "DeadLetterConfig.TargetArn") for each in of.functions.values()]
    streams = {str(each["FunctionName"]): each for each in of.of(MAPPING).values() if "DestinationConfig" in each}
    targets += [dig(each, "DestinationConfig.OnFailure.Destination") for each in streams.values()]
    return [target for target in targets if target]


def queue_mappings(of: Stack) -> list[Node]:
    """Of the event source mappings those of queues."""
    return [each for each in of.of(MAPPING).values() if name_of(each["EventSourceArn"]) in of.of(QUEUE)]


def queue_policy(of: Stack, queue: str) -> list[Statement]:
    return [each for policy in of.policies_on("AWS::SQS::QueuePolicy", "Queues", queue) for each in policy]


def key_policy(of: Stack) -> list[Statement]:
    (key,) = of.of(KEY).values()
    return statements(key["KeyPolicy"])


def refuses_plain_http(policy: list[Statement], service: str, *resources: str) -> bool:
    return any(
        each.effect == "Deny"
        and each.is_for_everybody
        and f"{service}:*" in each.actions
        and all(each.covers(resource) for resource in resources)
        and each.conditions == {"Bool": {"aws:SecureTransport": "false"}}
        for each in policy
    )
