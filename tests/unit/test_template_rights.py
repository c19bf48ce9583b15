import re
from collections import Counter

import pytest

from cobranza.flows.drops import KINDS, SETTINGS
from cobranza.queues import MEDIA_RECEIVED, REPLIES_RECEIVED
from tests.unit.template import (
    ACCOUNT,
    FORTNIGHT,
    ISSUER,
    MAPPING,
    QUEUE,
    SECRET,
    TABLE,
    Node,
    Stack,
    dead_letter_queues,
    dead_letter_targets,
    dig,
    every_function,
    every_stage,
    function_of,
    name_of,
    queue_mappings,
    queue_policy,
    sources,
    stack,
)

# ── queues ───────────────────────────────────────────────────────────────────────────────────────────


@every_stage
def test_a_function_may_take_messages_from_the_queue_it_is_attached_to_and_no_other(stage: str) -> None:
    now = stack(stage)
    attached = {
        function_of(each["FunctionName"]): each["EventSourceArn"]
        for each in now.of(MAPPING).values()
        if name_of(each["EventSourceArn"]) in now.of(QUEUE)
    }
    assert attached
    for function in now.functions.values():
        queues = {attached[function.name]} if function.name in attached else set[str]()
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
            assert function.may(f"sqs:{action}") == queues
        assert function.may("sqs:ChangeMessageVisibility") <= queues


def test_a_function_reports_the_messages_that_failed_and_is_not_flooded() -> None:
    for mapping in stack("prod").of(MAPPING).values():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    for mapping in queue_mappings(stack("prod")):
        assert 2 <= int(mapping["ScalingConfig"]["MaximumConcurrency"]) <= 1000
        window = mapping.get("MaximumBatchingWindowInSeconds", 0)
        assert 1 <= int(mapping["BatchSize"]) <= (10_000 if window else 10)


def test_a_message_stays_hidden_for_six_times_the_functions_timeout() -> None:
    now = stack("prod")
    for mapping in queue_mappings(now):
        queue = now.of(QUEUE)[name_of(mapping["EventSourceArn"])]
        timeout = now.functions[function_of(mapping["FunctionName"])].properties["Timeout"]
        assert queue["VisibilityTimeout"] == 6 * timeout


def test_every_queue_has_a_dead_letter_queue_that_keeps_fourteen_days() -> None:
    now = stack("prod")
    dead = dead_letter_queues(now)
    targets = Counter(dead_letter_targets(now))
    for name, queue in now.of(QUEUE).items():
        if name in dead:
            assert "RedrivePolicy" not in queue
            assert queue["MessageRetentionPeriod"] == FORTNIGHT
            assert targets[f"${{{name}.Arn}}"] == 1
        else:
            assert name_of(queue["RedrivePolicy"]["deadLetterTargetArn"]) in now.of(QUEUE)
            assert queue["RedrivePolicy"]["maxReceiveCount"] >= 2


def test_the_last_try_of_a_reply_and_of_a_receipt_is_known_to_be_the_last() -> None:
    queues = stack("prod").of(QUEUE)
    assert queues["RepliesQueue"]["RedrivePolicy"]["maxReceiveCount"] == REPLIES_RECEIVED
    assert queues["MediaQueue"]["RedrivePolicy"]["maxReceiveCount"] == MEDIA_RECEIVED


def test_breakers_ask_for_no_right_that_their_functions_lacked() -> None:
    """They open by an update of the sender, are read by query, and close by ingest, from a file of control/."""
    now = stack("prod")
    ledger = "${LedgerTable.Arn}"
    for action, function in (
        ("UpdateItem", "SendFunction"),
        ("Query", "SendFunction"),
        ("Query", "SchedulerFunction"),
        ("UpdateItem", "IngestFunction"),
        ("Query", "IngestFunction"),
    ):
        assert ledger in now.functions[function].may(f"dynamodb:{action}")
    for function in ("SendFunction", "SchedulerFunction"):
        assert not {each for grant in now.functions[function].grants for each in grant.actions if "s3:" in each}


@every_stage
def test_a_rule_may_put_on_its_queues_and_nobody_else_is_let_in(stage: str) -> None:
    now = stack(stage)
    let_in: set[tuple[str, str]] = set()
    for name, rule in now.of("AWS::Events::Rule").items():
        for target in (each for each in rule["Targets"] if name_of(each["Arn"]) in now.of(QUEUE)):
            dead_letters = dig(target, "DeadLetterConfig.Arn")
            assert dead_letters or name == "SampleRule"
            let_in |= {(name, name_of(arn)) for arn in (target["Arn"], dead_letters) if arn}
    assert let_in
    for queue in now.of(QUEUE):
        allowed = [each for each in queue_policy(now, queue) if each.effect == "Allow"]
        for each in allowed:
            assert set(each.principals) == {"Service events.amazonaws.com"}
            assert each.actions == {"sqs:SendMessage"}
            assert each.covers(f"${{{queue}.Arn}}")
        rules = {name_of(each.conditions["ArnEquals"]["aws:SourceArn"]) for each in allowed}
        assert rules == {rule for rule, target in let_in if target == queue}


@every_stage
def test_a_queue_has_one_policy_because_a_second_would_replace_it(stage: str) -> None:
    for queue in stack(stage).of(QUEUE):
        assert len(stack(stage).policies_on("AWS::SQS::QueuePolicy", "Queues", queue)) <= 1


@every_stage
def test_a_statement_on_a_queue_speaks_of_that_queue_alone(stage: str) -> None:
    """SQS refuses a statement with more than one resource; "*" in a queue's policy is that queue."""
    for queue in stack(stage).of(QUEUE):
        for each in queue_policy(stack(stage), queue):
            assert set(each.resources) in ({"*"}, {f"${{{queue}.Arn}}"})


# ── who may call whom ────────────────────────────────────────────────────────────────────────────────


def test_a_schedule_may_invoke_its_function_and_nothing_else() -> None:
    now = stack("prod")
    schedules = now.of("AWS::Scheduler::Schedule").values()
    targets = [schedule["Target"]["Arn"] for schedule in schedules]
    assert sorted(targets) == ["${ReportsFunctionAliaslive}", "${SchedulerFunctionAliaslive}"]
    for schedule in schedules:
        role = name_of(schedule["Target"]["RoleArn"])
        (grant,) = now.role_grants(role)
        assert (grant.effect, grant.actions) == ("Allow", {"lambda:InvokeFunction"})
        assert grant.resources == {schedule["Target"]["Arn"]}
        assert now.trusted_by(role) == {"Service scheduler.amazonaws.com"}
        assert role not in {function.role for function in now.functions.values()}


def test_the_http_api_may_invoke_the_function_of_each_route_and_nothing_else() -> None:
    now = stack("prod")
    doors = {
        ("WebhookApi", "get", "/webhook"): "WebhookFunction",
        ("WebhookApi", "post", "/webhook"): "WebhookFunction",
        ("WebhookApi", "post", "/payments"): "PaymentsFunction",
        ("CasesApi", "get", "/cases"): "CasesFunction",
        ("CasesApi", "get", "/cases/{id}"): "CasesFunction",
        ("CasesApi", "post", "/cases/{id}/answer"): "CasesFunction",
        ("CasesApi", "post", "/cases/{id}/take"): "CasesFunction",
        ("CasesApi", "post", "/cases/{id}/hand-back"): "CasesFunction",
        ("CasesApi", "post", "/cases/{id}/close"): "CasesFunction",
        ("CasesApi", "get", "/receipts"): "CasesFunction",
        ("CasesApi", "post", "/receipts/{id}"): "CasesFunction",
    }
    assert {route[:3] for route in routes(now)} == doors.keys()
    gateway = f"arn:aws:execute-api:us-east-1:{ACCOUNT}"
    permissions = [tuple(sorted(each.items())) for each in now.of("AWS::Lambda::Permission").values()]
    assert sorted(each for each in permissions if dict(each)["Principal"] != "events.amazonaws.com") == sorted(
        (
            ("Action", "lambda:InvokeFunction"),
            ("FunctionName", f"${{{function}Aliaslive}}"),
            ("Principal", "apigateway.amazonaws.com"),
            (
                "SourceArn",
                f"{gateway}:${{{api}}}/*/{method.upper()}{path.replace('{id}', '*')}",
            ),
        )
        for (api, method, path), function in doors.items()
    )


def routes(of: Stack) -> list[tuple[str, str, str, list[Node]]]:
    """Of each route its API, its method, its path, and the authorizers that it asks."""
    return [
        (name, method, path, operation.get("security", []))
        for name, api in of.of("AWS::ApiGatewayV2::Api").items()
        for path, methods in api["Body"]["paths"].items()
        for method, operation in methods.items()
    ]


@every_stage
def test_cases_are_for_whoever_has_a_token_of_the_issuer_and_nobody_else(stage: str) -> None:
    now = stack(stage, CasesAudience="equipo")
    scheme = now.of("AWS::ApiGatewayV2::Api")["CasesApi"]["Body"]["components"]["securitySchemes"]["Tokens"]
    authorizer = scheme["x-amazon-apigateway-authorizer"]
    assert authorizer["type"] == "jwt"
    assert authorizer["identitySource"] == "$request.header.Authorization"
    assert authorizer["jwtConfiguration"] == {"issuer": ISSUER, "audience": ["equipo"]}
    asked = [each for each in routes(now) if each[0] == "CasesApi"]
    assert asked
    assert all([*name] == ["Tokens"] for *_, (name,) in asked)


@every_stage
def test_without_an_issuer_nothing_of_the_api_of_cases_exists(stage: str) -> None:
    assert not [name for name in stack(stage, CasesIssuer="").resources if name.startswith("Cases")]


def test_the_rules_of_control_files_and_approvals_may_invoke_ingest_and_nothing_else() -> None:
    now = stack("prod")
    of_rules = [
        each for each in now.of("AWS::Lambda::Permission").values() if each["Principal"] == "events.amazonaws.com"
    ]
    assert of_rules == [
        {
            "Action": "lambda:InvokeFunction",
            "FunctionName": "${IngestFunctionAliaslive}",
            "Principal": "events.amazonaws.com",
            "SourceArn": f"${{{rule}.Arn}}",
        }
        for rule in ("PlanApproved", "ControlChanged")
    ]
    for rule in ("PlanApproved", "ControlChanged"):
        (target,) = now.of("AWS::Events::Rule")[rule]["Targets"]
        assert target["Arn"] == "${IngestFunctionAliaslive}"


def test_a_control_file_that_is_given_up_raises_the_alarm_of_files() -> None:
    now = stack("prod")
    configs = now.of("AWS::Lambda::EventInvokeConfig").values()
    (tries,) = (each for each in configs if each["FunctionName"] == "${IngestFunction}")
    assert tries["DestinationConfig"]["OnFailure"]["Destination"] == "${FilesDeadLetters.Arn}"
    assert now.functions["IngestFunction"].may("sqs:SendMessage") == {
        "${FilesQueue.Arn}",
        "${FilesDeadLetters.Arn}",
    }


def test_every_function_has_a_role_of_its_own_that_only_lambda_assumes() -> None:
    now = stack("prod")
    roles = Counter(function.role for function in now.functions.values())
    assert set(roles.values()) == {1}
    for role in roles:
        assert now.trusted_by(role) == {"Service lambda.amazonaws.com"}
        assert "ManagedPolicyArns" not in now.of("AWS::IAM::Role")[role]


def test_a_function_writes_its_own_log_and_no_other() -> None:
    for function in stack("prod").functions.values():
        log = name_of(function.properties["LoggingConfig"]["LogGroup"])
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            assert function.may(action) == {f"${{{log}.Arn}}"}


# ── what a function may do ───────────────────────────────────────────────────────────────────────────


@every_function
def test_no_function_may_delete_from_a_table_or_a_bucket(function: str) -> None:
    actions = {action for grant in stack("prod").functions[function].grants for action in grant.actions}
    # A batch write and PartiQL's delete are deletes as well, so is a rule of the bucket's lifecycle.
    forbidden = re.compile(
        r"(s3|dynamodb):(\w*Delete\w*|BatchWriteItem|PutLifecycleConfiguration|UpdateTimeToLive)"
    )
    assert [action for action in actions if forbidden.fullmatch(action)] == []


@every_function
def test_what_is_in_the_journal_stays_as_it_is(function: str) -> None:
    grants = stack("prod").functions[function].grants
    on_journal = [grant for grant in grants if any("${JournalTable" in where for where in grant.resources)]
    harmless = {"dynamodb:PartiQLInsert", "dynamodb:Query", *STREAM_READING}
    assert {action for grant in on_journal for action in grant.actions} <= harmless


@every_function
def test_a_function_is_told_of_a_table_if_and_only_if_it_may_use_it(function: str) -> None:
    found = stack("prod").functions[function]
    told = {name for name in stack("prod").of(TABLE) if f"${{{name}}}" in found.environment.values()}
    used = {
        name_of(where.split("/")[0])
        for grant in found.grants
        for where in grant.resources
        if any(action.startswith("dynamodb:") for action in grant.actions - STREAM_READING)
    }
    assert used == told


STREAM_READING = {
    f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
}
READERS = {
    "ProviderSecret": {"SendFunction", "ReceiptsFunction", "AnswerFunction", "CasesFunction"},
    "IdentitySecret": {"IngestFunction", "WebhookFunction", "PaymentsFunction", "CasesFunction"},
    "GatewaySecret": {"PaymentsFunction"},
    "WebhookSecret": {"WebhookFunction"},
}


@every_stage
@pytest.mark.parametrize("secret", sources(SECRET))
def test_a_secret_is_read_by_those_who_need_it_alone(secret: str, stage: str) -> None:
    readers: set[str] = set()
    for function in stack(stage).functions.values():
        for grant in function.grants:
            if any(f"${{{secret}" in where for where in grant.resources):
                assert grant.actions == {"secretsmanager:GetSecretValue"}
                readers.add(function.name)
    assert readers == READERS[secret]


def test_ingest_reads_what_the_rule_lets_in_and_never_its_own_results() -> None:
    now = stack("prod")
    rules = now.of("AWS::Events::Rule")
    asked = {name: rule["EventPattern"] for name, rule in rules.items()}
    assert {name: pattern["detail"]["object"]["key"] for name, pattern in asked.items()} == {
        "FileDropped": [{"anything-but": {"prefix": ["results/", "control/"]}}],
        "ControlChanged": [{"prefix": "control/"}],
        "PlanApproved": [{"wildcard": "results/*/plans/dt=*/plan.csv.approve"}],
    }
    assert asked["PlanApproved"]["detail-type"] == ["Object Created"]
    assert asked["FileDropped"]["detail-type"] == ["Object Created"]
    assert asked["ControlChanged"]["detail-type"] == ["Object Created", "Object Deleted"]
    assert all(pattern["detail"]["bucket"]["name"] == ["${InboxBucket}"] for pattern in asked.values())
    ingest = now.functions["IngestFunction"]
    for action in ("s3:GetObject", "s3:GetObjectVersion"):
        dropped = {resource for resource in ingest.may(action) if resource.startswith("${InboxBucket")}
        assert dropped == {f"${{InboxBucket.Arn}}/{kind}/*" for kind in (*KINDS, *SETTINGS, "control")}
    written = {f"${{WorkBucket.Arn}}/{place}/*" for place in ("parts", "listed")}
    assert ingest.may("s3:PutObject") == {"${InboxBucket.Arn}/results/*"} | written


def test_ingest_can_tell_a_file_that_is_gone_from_one_it_may_not_read() -> None:
    """Without s3:ListBucket S3 answers 403 AccessDenied, and never NoSuchKey, for a key that does not exist."""
    assert stack("prod").functions["IngestFunction"].may("s3:ListBucket") == {"${InboxBucket.Arn}"}


def test_each_route_of_the_http_api_takes_so_many_requests_and_no_more() -> None:
    webhook, cases = (
        {"ThrottlingRateLimit": 1600, "ThrottlingBurstLimit": 1600},
        {
            "ThrottlingRateLimit": 50,
            "ThrottlingBurstLimit": 100,
        },
    )
    stages = list(stack("prod").of("AWS::ApiGatewayV2::Stage").values())
    assert [stage["DefaultRouteSettings"] for stage in stages] == [webhook, cases]
    assert [stage.get("RouteSettings") for stage in stages] == [{"POST /payments": cases}, None]
