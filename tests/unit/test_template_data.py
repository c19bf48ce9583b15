import json

import pytest

from cobranza.flows.drops import KINDS, SETTINGS
from cobranza.policy.retention import retention
from cobranza.store.objects import REFUSED
from tests.unit.template import (
    ACCOUNT,
    BUCKET,
    DATA_KEY,
    KEY,
    LOG_GROUP,
    QUEUE,
    SECRET,
    TABLE,
    dig,
    every_deployed_stage,
    every_stage,
    key_policy,
    name_of,
    queue_policy,
    refuses_plain_http,
    sources,
    stack,
    statements,
    texts,
)

# ── data at rest and on its way ──────────────────────────────────────────────────────────────────────

WORK, BUCKET_LOGS = "WorkBucket", "BucketLogs"
ON_BUCKET = "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault"


@every_stage
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (QUEUE, "KmsMasterKeyId"),
        (TABLE, "SSESpecification.KMSMasterKeyId"),
        (SECRET, "KmsKeyId"),
        (BUCKET, f"{ON_BUCKET}.KMSMasterKeyID"),
        (LOG_GROUP, "KmsKeyId"),
    ],
)
def test_everything_at_rest_is_encrypted_with_the_data_key(kind: str, path: str, stage: str) -> None:
    found = stack(stage).of(kind)
    # S3 writes its own log with no key but its own.
    assert found.pop(BUCKET_LOGS, None) is None or kind == BUCKET
    assert found
    assert {name: dig(properties, path) for name, properties in found.items()}.items() <= {
        (name, key) for name in found for key in DATA_KEY
    }


def test_tables_and_buckets_really_use_the_key_they_name() -> None:
    for table in stack("prod").of(TABLE).values():
        assert table["SSESpecification"]["SSEEnabled"] is True
        assert table["SSESpecification"]["SSEType"] == "KMS"
    for name, bucket in stack("prod").of(BUCKET).items():
        assert dig(bucket, f"{ON_BUCKET}.SSEAlgorithm") == ("AES256" if name == BUCKET_LOGS else "aws:kms")


def test_the_key_rotates() -> None:
    assert [key["EnableKeyRotation"] for key in stack("prod").of(KEY).values()] == [True]


# Who may use the key, and why. Nobody else calls as itself: S3, SQS, SNS, DynamoDB and its stream, Secrets Manager
# and Lambda use it for whoever calls them; EventBridge hears of an object without opening it.
USERS = {
    f"AWS arn:aws:iam::{ACCOUNT}:root": "administers it; a key that nobody administers is lost",
    "AWS *": "whoever of this account may use what is encrypted with it, and through that service alone",
    "Service cloudwatch.amazonaws.com": "an alarm publishes to an encrypted topic",
    "Service events.amazonaws.com": "a rule puts on an encrypted queue",
    "Service logs.us-east-1.amazonaws.com": "log groups are encrypted",
}


@every_stage
def test_nobody_uses_the_key_but_through_a_service_of_this_account(stage: str) -> None:
    for each in key_policy(stack(stage)):
        assert each.effect == "Allow"
        if each.is_for_everybody:
            only = each.conditions["StringEquals"]
            assert only["kms:CallerAccount"] == ACCOUNT
            assert only["kms:ViaService"]
    assert {name for each in key_policy(stack(stage)) for name in each.principals} == set(USERS)


@every_stage
def test_every_service_that_may_use_the_key_holds_our_data(stage: str) -> None:
    now = stack(stage)
    holders = {
        item["Type"].split("::")[1].lower()
        for item in now.resources.values()
        if item["Type"] != KEY and not DATA_KEY.isdisjoint(texts(item))
    }
    via = [
        service
        for each in key_policy(now)
        for service in each.conditions.get("StringEquals", {}).get("kms:ViaService", [])
    ]
    # Logs and rules call as themselves, not for somebody.
    assert sorted(via) == sorted(f"{service}.us-east-1.amazonaws.com" for service in holders - {"logs"})


@every_stage
def test_whoever_uses_the_key_as_itself_has_something_to_use_it_for(stage: str) -> None:
    now = stack(stage)
    queues, topics = now.of(QUEUE), now.of("AWS::SNS::Topic")
    rules = now.of("AWS::Events::Rule").values()
    assert any(name_of(target["Arn"]) in queues for rule in rules for target in rule["Targets"])
    alarms = now.of("AWS::CloudWatch::Alarm").values()
    assert {name_of(action) for alarm in alarms for action in alarm["AlarmActions"]} <= set(topics)
    assert all(topic["KmsMasterKeyId"] == "${DataKey}" for topic in topics.values())


@every_stage
def test_what_a_function_is_told_is_encrypted_with_the_data_key(stage: str) -> None:
    for function in stack(stage).functions.values():
        assert function.properties["KmsKeyArn"] == "${DataKey.Arn}"


def test_alarms_rules_and_logs_may_use_the_key_for_this_account() -> None:
    policy = key_policy(stack("prod"))
    (rules,) = (each for each in policy if set(each.principals) == {"Service events.amazonaws.com"})
    (logs,) = (each for each in policy if set(each.principals) == {"Service logs.us-east-1.amazonaws.com"})
    (alarms,) = (each for each in policy if set(each.principals) == {"Service cloudwatch.amazonaws.com"})
    for each in (rules, alarms):
        assert all(each.allows(action) for action in ("kms:Decrypt", "kms:GenerateDataKey"))
        assert each.conditions == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    for action in ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "DescribeKey"):
        assert logs.allows(f"kms:{action}")
    groups = logs.conditions["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    assert groups == f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:*"


def test_buckets_are_private_and_keep_every_version() -> None:
    for name, bucket in stack("prod").of(BUCKET).items():
        assert name in {WORK, BUCKET_LOGS} or bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        assert bucket["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }


def test_tables_can_be_restored_to_any_second() -> None:
    for table in stack("prod").of(TABLE).values():
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_only_the_ledger_forgets() -> None:
    forgets = {name for name, table in stack("prod").of(TABLE).items() if "TimeToLiveSpecification" in table}
    assert forgets == {"LedgerTable"}


@every_deployed_stage
def test_a_deployed_bucket_is_reached_through_tls_alone(stage: str) -> None:
    for name in stack(stage).of(BUCKET):
        (policy,) = stack(stage).policies_on("AWS::S3::BucketPolicy", "Bucket", name)
        assert refuses_plain_http(policy, "s3", f"${{{name}.Arn}}", f"${{{name}.Arn}}/*")


@every_deployed_stage
def test_a_deployed_queue_is_reached_through_tls_alone(stage: str) -> None:
    for name in stack(stage).of(QUEUE):
        assert refuses_plain_http(queue_policy(stack(stage), name), "sqs", f"${{{name}.Arn}}"), name


@every_deployed_stage
def test_a_deployed_table_is_reached_through_tls_alone(stage: str) -> None:
    for name, table in stack(stage).of(TABLE).items():
        policy = statements(table["ResourcePolicy"]["PolicyDocument"])
        assert refuses_plain_http(policy, "dynamodb", f"${{{name}.Arn}}", f"${{{name}.Arn}}/index/due")


@every_deployed_stage
def test_a_deployed_topic_is_published_to_through_tls_alone(stage: str) -> None:
    now = stack(stage)
    for name in now.of("AWS::SNS::Topic"):
        (policy,) = now.policies_on("AWS::SNS::TopicPolicy", "Topics", name)
        (refused,) = (each for each in policy if "Bool" in each.conditions)
        # A topic's policy takes no "sns:*".
        assert refused.effect == "Deny"
        assert (refused.is_for_everybody, refused.actions) == (True, {"sns:Publish"})
        assert refused.resources == {f"${{{name}}}"}
        assert refused.conditions == {"Bool": {"aws:SecureTransport": "false"}}


@every_stage
def test_alarms_may_publish_to_their_topic_and_no_other_topic_lets_anybody_in(stage: str) -> None:
    """A topic without a policy of ours lets its whole account in."""
    now = stack(stage)
    let_in: set[tuple[str, ...]] = set()
    for name in now.of("AWS::SNS::Topic"):
        (policy,) = now.policies_on("AWS::SNS::TopicPolicy", "Topics", name)
        let_in |= {(name, *each.principals, *each.actions) for each in policy if each.effect == "Allow"}
    assert let_in == {("AlarmsTopic", "Service cloudwatch.amazonaws.com", "sns:Publish")}


@every_stage
def test_nobody_of_another_account_publishes_a_notice(stage: str) -> None:
    (policy,) = stack(stage).policies_on("AWS::SNS::TopicPolicy", "Topics", "NoticesTopic")
    (refused,) = (each for each in policy if "StringNotEquals" in each.conditions)
    assert (refused.effect, refused.is_for_everybody, refused.actions) == ("Deny", True, {"sns:Publish"})
    assert refused.conditions == {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}


def test_on_one_machine_there_is_no_tls_to_ask_for() -> None:
    assert "aws:SecureTransport" not in json.dumps(stack("local").resources)
    assert "aws:SecureTransport" in json.dumps(stack("prod").resources)


@pytest.mark.parametrize("kind", [BUCKET, TABLE, KEY, SECRET, LOG_GROUP])
def test_what_holds_state_outlives_the_stack(kind: str) -> None:
    for name, item in sources(kind).items():
        assert item["DeletionPolicy"] in {"Retain", "RetainExceptOnCreate"}, name
        assert item["UpdateReplacePolicy"] == "Retain"


def test_what_lies_between_a_file_and_its_results_goes_by_itself() -> None:
    rules = stack("prod").of(BUCKET)[WORK]["LifecycleConfiguration"]["Rules"]
    days = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    assert days == {"parts/": 7, "listed/": 40}


_OLDER = "NoncurrentVersionExpiration.NoncurrentDays"


def expiring(bucket: str) -> dict[str, int]:
    """The most days that anything under a prefix lives, in any version: S3 waits for the next midnight, twice."""
    rules = stack("prod").of(BUCKET)[bucket]["LifecycleConfiguration"]["Rules"]
    ending = [rule for rule in rules if "ExpirationInDays" in rule and "TagFilters" not in rule]
    return {rule.get("Prefix", ""): rule["ExpirationInDays"] + dig(rule, _OLDER) + 2 for rule in ending}


def test_every_file_with_people_in_it_is_gone_in_all_versions_within_thirty_days() -> None:
    days = retention()["files"].days
    assert expiring("InboxBucket") == {f"{kind}/": days for kind in (*KINDS, "results") if kind != "mappings"}


def test_what_was_refused_is_gone_as_soon_wherever_it_lies() -> None:
    rules = stack("prod").of(BUCKET)["InboxBucket"]["LifecycleConfiguration"]["Rules"]
    (rule,) = (rule for rule in rules if "TagFilters" in rule)
    assert (rule["TagFilters"], rule["Status"], rule.get("Prefix")) == ([REFUSED], "Enabled", None)
    assert rule["ExpirationInDays"] + dig(rule, _OLDER) + 2 == retention()["files"].days


def test_a_pause_and_settings_do_not_end_by_themselves() -> None:
    kept = {"control/", "mappings/", *(f"{kind}/" for kind in SETTINGS)}
    assert kept.isdisjoint(expiring("InboxBucket"))


def test_receipts_are_kept_as_long_as_they_are_said_to_be() -> None:
    assert expiring("ReceiptsBucket") == {"": retention()["receipt_files"].days}


def test_the_key_of_all_references_outlives_the_stack_and_never_rotates() -> None:
    secret = sources(SECRET)["IdentitySecret"]
    assert secret["DeletionPolicy"] in {"Retain", "RetainExceptOnCreate"}
    assert secret["UpdateReplacePolicy"] == "Retain"
    assert not sources("AWS::SecretsManager::RotationSchedule")


@every_stage
def test_every_log_ends_one_day(stage: str) -> None:
    now = stack(stage)
    logs = now.of(LOG_GROUP)
    assert {name for name, log in logs.items() if log.get("RetentionInDays", 0) < 1} == set()
    written = [name_of(function.properties["LoggingConfig"]["LogGroup"]) for function in now.functions.values()]
    assert sorted([*written, "DoorsLog"]) == sorted(logs)


@every_stage
def test_a_door_logs_who_was_turned_away_and_no_address(stage: str) -> None:
    doors = list(stack(stage).of("AWS::ApiGatewayV2::Stage").values())
    assert len(doors) == 2
    for door in doors:
        assert door["AccessLogSettings"]["DestinationArn"] == "${DoorsLog.Arn}"
        told = json.loads(door["AccessLogSettings"]["Format"])
        assert {"$context.requestId", "$context.routeKey", "$context.status"} <= set(told.values())
        assert not [name for name in told.values() if "identity" in name or "authorizer" in name]


def test_what_is_done_to_objects_is_written_down_and_ends() -> None:
    buckets = stack("prod").of(BUCKET)
    ending = [
        rule for rule in buckets[BUCKET_LOGS]["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in rule
    ]
    assert [rule["ExpirationInDays"] for rule in ending] == [90]
    for name in set(buckets) - {BUCKET_LOGS}:
        assert buckets[name]["LoggingConfiguration"]["DestinationBucketName"] == f"${{{BUCKET_LOGS}}}"


@every_deployed_stage
def test_s3_alone_writes_its_log(stage: str) -> None:
    (policy,) = stack(stage).policies_on("AWS::S3::BucketPolicy", "Bucket", BUCKET_LOGS)
    (writes,) = (each for each in policy if each.effect == "Allow")
    assert (set(writes.principals), set(writes.actions)) == (
        {"Service logging.s3.amazonaws.com"},
        {"s3:PutObject"},
    )
    assert writes.conditions == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    for role in stack(stage).of("AWS::IAM::Role"):
        grants = stack(stage).role_grants(role)
        assert not [grant for grant in grants for where in grant.resources if BUCKET_LOGS in where]
