"""How a release reaches whom it serves: by an alias, slowly in prod, back by itself, and the same release once."""

import copy
import json
import os
import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from tests.unit.template import (
    DEPLOYED,
    FUNCTIONS,
    MAPPING,
    ROOT,
    STAGES,
    TABLE,
    Node,
    cycle,
    every_function,
    every_stage,
    expand,
    expanded,
    function_of,
    name_of,
    source,
    stack,
    texts,
)

GROUP = "AWS::CodeDeploy::DeploymentGroup"
CALLERS = (
    MAPPING,
    "AWS::ApiGatewayV2::Api",
    "AWS::Events::Rule",
    "AWS::Lambda::Permission",
    "AWS::Scheduler::Schedule",
)
# What no deploy of a stack changes: its stage, and Meta's address, which the Rules section holds outside local.
FIXED = {"Stage", "GraphApiUrl"}
# Lambda publishes no version for it: it is the function's, whatever the version.
NOT_OF_A_VERSION = {"Events", "ReservedConcurrentExecutions", "VersionDescription", "DeploymentPreference"}
LONGEST_DESCRIPTION = 256


def deploy_config(stage: str) -> list[str]:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    return config[stage]["deploy"]["parameters"]["parameter_overrides"].split()


def versions(template: Node) -> dict[str, str]:
    """Function → the logical name of its version: another name is another version."""
    named = (name for name, item in template["Resources"].items() if item["Type"] == "AWS::Lambda::Version")
    return {name.partition("Version")[0]: name for name in named}


# ── slowly, and back ─────────────────────────────────────────────────────────────────────────────────


@every_stage
def test_traffic_is_shifted_where_somebody_says_so_alone(stage: str) -> None:
    assert not [each for each in stack(stage).resources.values() if "CodeDeploy" in each["Type"]]
    assert source()["Parameters"]["Canary"]["Default"] == "false"


def test_who_expands_the_template_with_defaults_alone_sees_no_codedeploy() -> None:
    """As the emulator does, which has none."""
    assert not [each for each in expand(source())["Resources"].values() if "CodeDeploy" in each["Type"]]


def test_a_deploy_to_prod_says_so() -> None:
    assert {stage: "Canary=true" in deploy_config(stage) for stage in DEPLOYED} == {"dev": False, "prod": True}


def test_in_prod_new_code_gets_a_tenth_of_the_calls_first() -> None:
    now = stack("prod", Canary="true")
    assert {name.removesuffix("DeploymentGroup") for name in now.of(GROUP)} == set(FUNCTIONS)
    for name, group in now.of(GROUP).items():
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent10Minutes"
        alias = now.resources[f"{name.removesuffix('DeploymentGroup')}Aliaslive"]
        shifting = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        assert name_of(shifting["DeploymentGroupName"]) == name


@every_function
def test_an_alarm_takes_a_release_back(function: str) -> None:
    now = stack("prod", Canary="true")
    group = now.of(GROUP)[f"{function}DeploymentGroup"]
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert group["AlarmConfiguration"]["Enabled"] is True
    watched = [name_of(each["Name"]) for each in group["AlarmConfiguration"]["Alarms"]]
    assert {"WorkersFail", "WebhookFails", "PaymentsFailed", "WebhooksAreForged"} <= set(watched)
    assert len(watched) <= 10
    alarms = now.of("AWS::CloudWatch::Alarm")
    assert any({"Errors", f"${{{function}}}"} <= set(texts(alarms[name])) for name in watched)


@pytest.mark.parametrize("issuer", ["", "https://login.example.com/"])
@pytest.mark.parametrize("canary", ["true", "false"])
@every_stage
def test_nothing_names_what_is_not_there(stage: str, canary: str, issuer: str) -> None:
    if (stage, canary) == ("local", "true"):
        return
    resources = stack(stage, Canary=canary, CasesIssuer=issuer).resources
    named = {
        name for each in resources.values() for text in texts(each) for name in re.findall(r"\$\{(\w+)[.}]", text)
    }
    assert named - set(resources) == set()


def test_with_a_canary_no_resource_waits_for_itself() -> None:
    assert cycle(expanded("true")["Resources"]) == []


# ── by an alias ──────────────────────────────────────────────────────────────────────────────────────


@every_stage
def test_everybody_calls_what_is_live(stage: str) -> None:
    now = stack(stage)
    called: set[str] = set()
    for kind in CALLERS:
        for properties in now.of(kind).values():
            named = {name for text in texts(properties) for name in re.findall(r"\$\{(\w+Function\w*)[.}]", text)}
            called |= {function_of(f"${{{name}}}") for name in named if not name.endswith("Role")}
    assert called == set(now.functions)
    for tries in now.of("AWS::Lambda::EventInvokeConfig").values():
        assert tries["Qualifier"] == "live"


@pytest.mark.parametrize("layer", ["VendorLayer", "CobranzaLayer"])
def test_other_code_in_a_layer_is_another_version_of_every_function(layer: str) -> None:
    before, after = versions(expanded()), versions(expand(_with_code(layer)))
    assert set(before) == set(after) == set(FUNCTIONS)
    assert not [function for function in before if before[function] == after[function]]


def test_other_code_in_one_function_is_another_version_of_it_alone() -> None:
    before, after = versions(expanded()), versions(expand(_with_code("SendFunction")))
    assert [function for function in before if before[function] != after[function]] == ["SendFunction"]


def _with_code(name: str) -> Node:
    """The template with other code in a layer or function."""
    changed = copy.deepcopy(source())
    properties = changed["Resources"][name]["Properties"]
    where = "CodeUri" if "CodeUri" in properties else "ContentUri"
    properties[where] = "s3://artifacts/other-code"
    return changed


@every_function
def test_another_value_of_a_parameter_is_another_version_of_whoever_is_told_it(function: str) -> None:
    """A version keeps the environment that it was published with, and SAM does not see values."""
    own = source()["Resources"][function]["Properties"]
    told = {**source()["Globals"]["Function"], **own}
    told["Environment"] = [source()["Globals"]["Function"]["Environment"], own["Environment"]]
    versioned = {name: value for name, value in told.items() if name not in NOT_OF_A_VERSION}
    named = re.findall(r"\$\{(\w+)\}", own["VersionDescription"]["Fn::Sub"])
    assert set(named) == _parameters(versioned) - FIXED


def _parameters(node: Any) -> set[str]:
    text = json.dumps(node)
    mentioned = {*re.findall(r'"Ref": "(\w+)"', text), *re.findall(r"\$\{(\w+)\}", text)}
    return mentioned & set(source()["Parameters"])


@every_function
def test_the_longest_values_fit_into_a_versions_description(function: str) -> None:
    described = source()["Resources"][function]["Properties"]["VersionDescription"]["Fn::Sub"]
    longest = re.sub(r"\$\{(\w+)\}", lambda match: "x" * _longest(match[1]), described)
    assert len(longest) <= LONGEST_DESCRIPTION


def _longest(name: str) -> int:
    parameter = source()["Parameters"][name]
    if "MaxLength" in parameter:
        return parameter["MaxLength"]
    if "MaxValue" in parameter:
        return len(str(parameter["MaxValue"]))
    if "AllowedValues" in parameter:
        return max(map(len, parameter["AllowedValues"]))
    return {"GraphApiVersion": len("v25.0"), "ScheduleExpression": len("rate(10 minutes)")}[name]


# ── the same release once ────────────────────────────────────────────────────────────────────────────

_EXPANDS = (
    "import json; from tests.unit.template import expanded; print(json.dumps(expanded('true'), sort_keys=True))"
)


def test_a_second_deploy_of_the_same_changes_nothing() -> None:
    """Nothing of time, chance or the order in a set is in what CloudFormation gets."""
    other_seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    assert _expanded_with_seed(other_seed) == json.dumps(expanded("true"), sort_keys=True)


def _expanded_with_seed(seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _EXPANDS]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


# ── what people may say ──────────────────────────────────────────────────────────────────────────────

CONSTRAINTS = {"AllowedValues", "AllowedPattern", "MinValue"}


@pytest.mark.parametrize("name", source()["Parameters"])
def test_a_parameter_says_what_it_is_and_what_it_takes(name: str) -> None:
    parameter = source()["Parameters"][name]
    assert parameter["Description"].strip()
    assert parameter["ConstraintDescription"].strip()
    assert len(CONSTRAINTS & set(parameter)) == 1
    assert ("MinValue" in parameter) == ("MaxValue" in parameter) == (parameter["Type"] == "Number")


@pytest.mark.parametrize("name", sorted(set(source()["Parameters"]) - {"Stage"}))
def test_a_parameters_default_is_one_that_it_takes(name: str) -> None:
    parameter = source()["Parameters"][name]
    default = parameter["Default"]
    assert default in parameter.get("AllowedValues", [default])
    assert re.fullmatch(parameter.get("AllowedPattern", ".*"), default)
    assert parameter.get("MinValue", 0) <= float(default or 0) if parameter["Type"] == "Number" else True


@pytest.mark.parametrize("value", ["rate(1 minute)", "rate(2 minutes)", "rate(5 minutes)", "rate(10 minutes)"])
def test_the_scheduler_looks_every_ten_minutes_or_more_often(value: str) -> None:
    assert re.fullmatch(source()["Parameters"]["ScheduleExpression"]["AllowedPattern"], value)


@pytest.mark.parametrize("value", ["rate(1 minutes)", "rate(0 minutes)", "rate(11 minutes)", "rate(60 minutes)"])
def test_no_other_rate_is_taken_or_its_alarm_would_ring_for_ever(value: str) -> None:
    assert not re.fullmatch(source()["Parameters"]["ScheduleExpression"]["AllowedPattern"], value)


@pytest.mark.parametrize("stage", STAGES)
def test_a_table_in_prod_is_deleted_by_nobody_in_passing(stage: str) -> None:
    protected = {table["DeletionProtectionEnabled"] for table in stack(stage).of(TABLE).values()}
    assert protected == {stage == "prod"}
