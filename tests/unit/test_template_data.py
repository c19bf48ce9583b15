import json

import pytest

from cobranza.flows.drops import KINDS, SETTINGS
from cobranza.policy.retention import retention
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

WORK = "WorkBucket"
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
    assert found
    assert {name: dig(properties, path) for name, properties in found.items()}.items() <= {
        (name, key) for name in found for key in DATA_KEY
    }


def test_tables_and_buckets_really_use_the_key_they_name() -> None:
    for table in stack("prod").of(TABLE).values():
        assert table["SSESpecification"]["SSEEnabled"] is True
        assert table["SSESpecification"]["SSEType"] == "KMS"
    for bucket in stack("prod").of(BUCKET).values():
        assert dig(bucket, f"{ON_BUCKET}.SSEAlgorithm") == "aws:kms"


def test_the_key_rotates() -> None:
    assert [key["EnableKeyRotation"] for key in stack("prod").of(KEY).values()] == [True]


@every_stage
def test_nobody_uses_the_key_but_through_a_service_of_this_account(stage: str) -> None:
    for each in key_policy(stack(stage)):
        assert each.effect == "Allow"
        if each.is_for_everybody:
            only = each.conditions["StringEquals"]
            assert only["kms:CallerAccount"] == ACCOUNT
            assert only["kms:ViaService"]
        assert each.principals <= {
            f"AWS arn:aws:iam::{ACCOUNT}:root",
            "AWS *",
            "Service cloudwatch.amazonaws.com",
            "Service events.amazonaws.com",
            "Service logs.us-east-1.amazonaws.com",
        }


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


def test_rules_and_logs_may_use_the_key_for_this_account() -> None:
    policy = key_policy(stack("prod"))
    (rules,) = (each for each in policy if set(each.principals) == {"Service events.amazonaws.com"})
    (logs,) = (each for each in policy if set(each.principals) == {"Service logs.us-east-1.amazonaws.com"})
    assert all(rules.allows(action) for action in ("kms:Decrypt", "kms:GenerateDataKey"))
    assert rules.conditions["StringEquals"]["aws:SourceAccount"] == ACCOUNT
    for action in ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "DescribeKey"):
        assert logs.allows(f"kms:{action}")
    groups = logs.conditions["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    assert groups == f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:*"


def test_buckets_are_private_and_keep_every_version() -> None:
    for name, bucket in stack("prod").of(BUCKET).items():
        assert name == WORK or bucket["VersioningConfiguration"] == {"Status": "Enabled"}
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


def test_on_one_machine_there_is_no_tls_to_ask_for() -> None:
    assert "aws:SecureTransport" not in json.dumps(stack("local").resources)
    assert "aws:SecureTransport" in json.dumps(stack("prod").resources)


@pytest.mark.parametrize("kind", [BUCKET, TABLE, KEY])
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
    ending = [rule for rule in rules if "ExpirationInDays" in rule]
    return {rule.get("Prefix", ""): rule["ExpirationInDays"] + dig(rule, _OLDER) + 2 for rule in ending}


def test_every_file_with_people_in_it_is_gone_in_all_versions_within_thirty_days() -> None:
    days = retention()["files"].days
    assert expiring("InboxBucket") == {f"{kind}/": days for kind in (*KINDS, "results") if kind != "mappings"}


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
    assert sorted(written) == sorted(logs)
