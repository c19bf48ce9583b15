import copy
import re
import tomllib
from itertools import pairwise

import pytest

from cobranza import settings
from cobranza.settings import LOCAL, META, OPTIONAL, Settings
from tests.unit.template import (
    ACCOUNT,
    BUCKET,
    DEPLOYED,
    FUNCTIONS,
    KEY,
    LOG_GROUP,
    MAPPING,
    POWERTOOLS,
    PSEUDO,
    QUEUE,
    ROOT,
    SECRET,
    SIMULATOR,
    STAGES,
    TABLE,
    Node,
    admits,
    cycle,
    every_deployed_stage,
    every_function,
    every_stage,
    expand,
    expanded,
    name_of,
    refusals,
    settings_of,
    source,
    sources,
    stack,
    variables,
)

# ── what a function is told ──────────────────────────────────────────────────────────────────────────


@every_function
@every_stage
def test_a_function_is_told_what_its_settings_ask_for_and_nothing_else(stage: str, function: str) -> None:
    environment = set(stack(stage).functions[function].environment)
    assert environment == variables(settings_of(function)) | POWERTOOLS


@every_function
@every_stage
def test_its_settings_accept_what_it_is_told(stage: str, function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = stack(stage).functions[function].environment
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    read = settings_of(function).from_env()
    assert {name.upper(): getattr(read, name.lower()) for name in variables(type(read))} == {
        name: value for name, value in environment.items() if name not in POWERTOOLS
    }


@every_stage
def test_lambda_itself_logs_what_went_wrong_and_never_keeps_back_a_line_of_ours(stage: str) -> None:
    """A metric is a printed line without a level: at WARN Lambda would take it for one of INFO."""
    for function in stack(stage).functions.values():
        told = function.properties["LoggingConfig"]
        levels = {name: told[name] for name in ("LogFormat", "SystemLogLevel", "ApplicationLogLevel")}
        assert levels == {"LogFormat": "JSON", "SystemLogLevel": "WARN", "ApplicationLogLevel": "INFO"}
        assert levels["ApplicationLogLevel"] == function.environment["POWERTOOLS_LOG_LEVEL"]
    assert source()["Parameters"]["LogLevel"]["AllowedValues"] == ["DEBUG", "INFO"]


@every_function
def test_a_handler_reads_the_settings_that_are_compared_here(function: str) -> None:
    code = ROOT / sources("AWS::Serverless::Function")[function]["Properties"]["CodeUri"]
    used = re.findall(r"(\w+)\.from_env\(\)", (code / "handler.py").read_text(encoding="utf-8"))
    assert used == [settings_of(function).__name__]
    assert stack("prod").functions[function].environment["POWERTOOLS_SERVICE_NAME"] == code.name


def test_no_settings_are_without_a_function() -> None:
    classes = vars(settings).values()
    known = {each for each in classes if isinstance(each, type) and issubclass(each, Settings)}
    bases = {base for each in known for base in each.__bases__}
    assert known - bases == {settings_of(function) for function in FUNCTIONS}


@every_deployed_stage
def test_no_deployed_clock_can_be_moved(stage: str) -> None:
    assert not stack(stage).of("AWS::SSM::Parameter")
    for function in stack(stage).functions.values():
        assert function.environment["CLOCK_PARAMETER"] == ""
        assert not [action for grant in function.grants for action in grant.actions if action.startswith("ssm:")]


def test_the_local_clock_may_be_read_by_whoever_is_told_of_it() -> None:
    for name, function in stack("local").functions.items():
        if name == "EventsFunction":  # it tells when things happened, and never asks what time it is
            assert function.environment["CLOCK_PARAMETER"] == ""
            assert function.may("ssm:GetParameter") == set()
            continue
        assert function.environment["CLOCK_PARAMETER"] == "${ClockOffset}"
        (parameter,) = function.may("ssm:GetParameter")
        assert parameter.startswith(f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter")
        assert parameter.endswith("${ClockOffset}")


def test_only_the_clock_the_countries_and_test_phones_are_optional() -> None:
    assert {"clock_parameter", "countries_on", "test_phones"} == OPTIONAL


@every_deployed_stage
def test_nobody_is_on_the_list_of_test_phones_until_somebody_says_so(stage: str) -> None:
    for name in ("SendFunction", "ReceiptsFunction", "AnswerFunction", "ReportsFunction"):
        assert stack(stage).functions[name].environment["TEST_PHONES"] == ""
        told = stack(stage, TestPhones="+525555550100").functions[name].environment
        assert told["TEST_PHONES"] == "+525555550100"


@pytest.mark.parametrize("value", ["", "+525555550100", "+525555550100,+573005550100"])
def test_test_phones_are_named_by_their_numbers(value: str) -> None:
    assert admits("TestPhones", value)


@pytest.mark.parametrize(
    "value", ["525555550100", "+52", "+525555550100,", "+525555550100 ", "*", "+0125555550100"]
)
def test_nothing_else_names_a_test_phone(value: str) -> None:
    assert not admits("TestPhones", value)


@every_deployed_stage
def test_no_country_is_on_until_somebody_says_so(stage: str) -> None:
    for name in ("IngestFunction", "SendFunction"):
        assert stack(stage).functions[name].environment["COUNTRIES_ON"] == ""
        assert stack(stage, CountriesOn="MX,CO").functions[name].environment["COUNTRIES_ON"] == "MX,CO"


@pytest.mark.parametrize("value", ["", "MX", "MX,CO,BR"])
def test_countries_are_switched_on_by_their_codes(value: str) -> None:
    assert admits("CountriesOn", value)


@pytest.mark.parametrize("value", ["mx", "MEX", "MX,", ",MX", "MX CO", "MX, CO", "*", "MX\n"])
def test_nothing_else_switches_a_country_on(value: str) -> None:
    assert not admits("CountriesOn", value)


# ── where messages go ────────────────────────────────────────────────────────────────────────────────

ADDRESSES = [META, "http://127.0.0.1:1", SIMULATOR, "http://127.0.0.1:65535"]
NO_ADDRESSES = [
    "",
    "https://graph.facebook.com/",
    "https://graph.facebook.com\n",
    " https://graph.facebook.com",
    "https://graph.facebook.com.evil.com",
    "https://graph.facebook.com@evil.com",
    "https://graph.facebook.com:443",
    "https://graphXfacebook.com",
    "http://graph.facebook.com",
    "HTTPS://graph.facebook.com",
    "https://127.0.0.1:8123",
    "http://127.0.0.1",
    "http://127.0.0.1:",
    "http://127.0.0.1:123456",
    "http://127.0.0.1:8123/",
    "http://127.0.0.1:8123@evil.com",
    "http://127.0.0.1:8123\n",
    "http://127.0.0.1.evil.com:80",
    "http://127a0b0c1:80",
    "http://127.0.0.2:8123",
    "http://0.0.0.0:8123",
    "http://localhost:8123",
    "http://[::1]:8123",
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_messages_go_to_meta_or_to_this_machine(url: str) -> None:
    assert admits("GraphApiUrl", url)
    assert url == META or LOCAL.fullmatch(url)


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_messages_go_nowhere_else(url: str) -> None:
    assert not admits("GraphApiUrl", url)


@every_stage
def test_meta_is_where_messages_go_when_nobody_says_otherwise(stage: str) -> None:
    assert stack(stage).functions["SendFunction"].environment["GRAPH_API_URL"] == META
    assert refusals(stage) == []


@every_deployed_stage
def test_a_deployed_stage_refuses_the_simulator(stage: str) -> None:
    assert len(refusals(stage, GraphApiUrl=SIMULATOR)) == 1


def test_the_local_stage_accepts_the_simulator() -> None:
    assert refusals("local", GraphApiUrl=SIMULATOR) == []
    local = stack("local", GraphApiUrl=SIMULATOR)
    assert local.functions["SendFunction"].environment["GRAPH_API_URL"] == SIMULATOR


@pytest.mark.parametrize("issuer", ["", "https://login.example.com/", f"{SIMULATOR}/people"])
def test_tokens_are_signed_by_an_issuer_of_the_company_or_on_this_machine(issuer: str) -> None:
    assert admits("CasesIssuer", issuer)


@pytest.mark.parametrize(
    "issuer",
    ["http://login.example.com/", "http://127.0.0.1.example.com:8123/people", "login.example.com", "http://"],
)
def test_tokens_are_signed_by_nobody_else(issuer: str) -> None:
    assert not admits("CasesIssuer", issuer)


# ── nothing waits for itself ─────────────────────────────────────────────────────────────────────────


def test_no_resource_waits_for_itself() -> None:
    assert cycle(expanded()["Resources"]) == []


@pytest.mark.parametrize(
    "planted",
    [
        {"Properties": {"Name": {"Ref": "SendFunction"}}},
        {"Properties": {"Deep": [{"Fn::If": ["IsLocal", "", {"Ref": "SendFunction"}]}]}},
        {"Properties": {"Name": {"Fn::GetAtt": ["SendFunction", "Arn"]}}},
        {"Properties": {"Name": {"Fn::GetAtt": "SendFunction.Arn"}}},
        {"Properties": {"Name": {"Fn::Sub": "of ${AWS::StackName}: ${SendFunction}"}}},
        {"Properties": {"Name": {"Fn::Sub": ["${X}-${SendFunction.Arn}", {"X": "x"}]}}},
        {"Properties": {"Name": {"Fn::Sub": ["${X}", {"X": {"Ref": "SendFunction"}}]}}},
        {"DependsOn": "SendFunction"},
        {"DependsOn": ["SendLog", "SendFunction"]},
    ],
)
def test_a_planted_ring_is_found(planted: Node) -> None:
    resources = copy.deepcopy(expanded()["Resources"])
    resources["SendRole"] |= {"DependsOn": planted.get("DependsOn", [])}
    resources["SendRole"]["Properties"] |= planted.get("Properties", {})
    ring = cycle(resources)
    assert ring[0] == ring[-1]
    assert set(ring) == {"SendRole", "SendFunction"}


@pytest.mark.parametrize("text", ["${!SendFunction}", "SendFunction", "${AWS::StackName}"])
def test_a_text_that_only_looks_like_a_reference_is_no_ring(text: str) -> None:
    resources = copy.deepcopy(expanded()["Resources"])
    resources["SendRole"]["Properties"]["Name"] = {"Fn::Sub": text}
    assert cycle(resources) == []


def test_sams_bucket_event_beside_a_policy_on_the_bucket_is_such_a_ring() -> None:
    event = {"Type": "S3", "Properties": {"Bucket": {"Ref": "Inbox"}, "Events": "s3:ObjectCreated:*"}}
    reader = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::Sub": "${Inbox.Arn}/*"}}
    function: Node = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "CodeUri": "here",
            "Handler": "handler.handler",
            "Runtime": "python3.13",
            "Policies": [{"Version": "2012-10-17", "Statement": [reader]}],
            "Events": {"Dropped": event},
        },
    }
    document = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"Inbox": {"Type": BUCKET, "Properties": {}}, "Reader": function},
    }
    assert {"Inbox", "ReaderRole"} <= set(cycle(expand(document)["Resources"]))


# ── names and builds ─────────────────────────────────────────────────────────────────────────────────

NAMES = {
    BUCKET: "BucketName",
    TABLE: "TableName",
    QUEUE: "QueueName",
    SECRET: "Name",
    LOG_GROUP: "LogGroupName",
    "AWS::ApiGatewayV2::Api": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CodeDeploy::Application": "ApplicationName",
    "AWS::CodeDeploy::DeploymentGroup": "DeploymentGroupName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SSM::Parameter": "Name",
    "AWS::Scheduler::Schedule": "Name",
}
NAMELESS = {
    KEY,
    MAPPING,
    "AWS::ApiGatewayV2::Stage",
    "AWS::Lambda::Alias",  # it is the function's
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::LayerVersion",  # SAM names layers; a second stack adds versions and replaces none
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}


@every_stage
def test_nothing_has_a_name_that_a_second_stack_would_need(stage: str) -> None:
    resources = stack(stage).resources
    unknown = {item["Type"] for item in resources.values()} - set(NAMES) - NAMELESS
    assert not unknown, "say in NAMES which property of these types is a physical name"
    named = {
        name: item["Properties"][NAMES[item["Type"]]]
        for name, item in resources.items()
        if NAMES.get(item["Type"]) in item.get("Properties", {})
    }
    # A bus has to have one; the stack's own is no other stack's.
    assert named == {"EventBus": PSEUDO["AWS::StackName"]}


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_functions_and_layers_follow_the_architecture(architecture: str) -> None:
    now = stack("prod", Architecture=architecture)
    layers = now.of("AWS::Lambda::LayerVersion")
    assert len(layers) == 3
    for layer in layers.values():
        assert layer["CompatibleArchitectures"] == [architecture]
    for function in now.functions.values():
        assert function.properties["Architectures"] == [architecture]
        own = {name_of(layer) for layer in function.properties["Layers"]}
        # Excel workbooks are read in ingest alone.
        sheets = {name for name in layers if name.startswith("Sheets")}
        assert own == set(layers) - (set() if function.name == "IngestFunction" else sheets)
        for layer in layers.values():
            assert function.properties["Runtime"] in layer["CompatibleRuntimes"]


def test_a_layer_is_built_for_the_architecture_it_is_deployed_to() -> None:
    assert source()["Parameters"]["Architecture"]["Default"] == "arm64"
    for layer in sources("AWS::Serverless::LayerVersion").values():
        assert layer["Metadata"] == {"BuildMethod": "makefile", "BuildArchitecture": {"Ref": "Architecture"}}
        assert (ROOT / layer["Properties"]["ContentUri"] / "Makefile").is_file()


@every_function
def test_a_function_is_shipped_as_it_is_written(function: str) -> None:
    assert sources("AWS::Serverless::Function")[function]["Metadata"]["SkipBuild"] is True


# ── deploying ────────────────────────────────────────────────────────────────────────────────────────


def samconfig() -> Node:
    return tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))


def test_a_deploy_without_a_stage_deploys_nothing() -> None:
    default = samconfig()["default"]
    assert "deploy" not in default
    for command in default.values():
        assert not {"stack_name", "parameter_overrides"} & set(command["parameters"])
    assert "Default" not in source()["Parameters"]["Stage"]


@every_deployed_stage
def test_a_deploy_names_its_stage_and_asks_first(stage: str) -> None:
    config = samconfig()[stage]
    deploy = config["deploy"]["parameters"]
    assert config["global"]["parameters"]["stack_name"] == f"cobranza-{stage}"
    assert f"Stage={stage}" in deploy["parameter_overrides"].split()
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    assert deploy["confirm_changeset"] is True


def test_every_stage_but_local_can_be_deployed() -> None:
    assert set(samconfig()) - {"version", "default"} == set(DEPLOYED)
    assert set(source()["Parameters"]["Stage"]["AllowedValues"]) == set(STAGES)


def test_stages_keep_their_logs_longer_the_more_they_matter() -> None:
    days = [source()["Mappings"]["ByStage"][stage]["LogDays"] for stage in STAGES]
    assert all(shorter < longer for shorter, longer in pairwise(days))
