"""The detector finds what it is for, and lets through what looks like it."""

import json

import pytest

from local.personal import find


@pytest.mark.parametrize(
    "text",
    [
        "sent to +525555550101",
        '{"from":"5215555550101"}',
        "https://wa.me/573005550101",
        "BRUNO EJEMPLO",
        json.dumps({"name": "Lucía"}),
        '{"message_id":"wamid.HBgNNTI1NTU1NTUwMTAx"}',
        "KeyError: 'CURP-EJEMPLO-1'",
        "she wrote: Pago el viernes",
        "b6a1f0c2-510ebd0d-+525555550101",
    ],
)
def test_what_is_personal_is_found(text: str) -> None:
    assert find(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"borrower":"X7HVYTGBRV34JLCMG4EJPENFWE","code":"SENT"}',
        '{"_aws":{"Timestamp":1795368000000,"CloudWatchMetrics":[]}}',
        '{"timestamp":"2026-11-24T17:00:00.000+00:00","xray_trace_id":"1-5759e988-bd862e3fe1be46a994272793"}',
        "arn:aws:lambda:us-east-1:123456789012:function:function",
        "phone number id 100000000000001",
        "START RequestId: 510ebd0d-9ae6-4403-bf0f-525555550101 Version: 1",
        '{"text_digest":"5257300555010152573005550101abcd52573005"}',
    ],
)
def test_what_is_not_personal_is_let_through(text: str) -> None:
    assert find(text) == []
