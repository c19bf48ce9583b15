"""The stack's two tables, as the template makes them."""

from typing import Any


def create_table(dynamodb: Any, name: str, *, as_: str = "") -> None:
    """Called `name`, or as told."""
    indexes = {
        "ledger": [
            _index("due", "due_shard", "due_at", {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["priority"]}),
            _index("book", "book", "pk", {"ProjectionType": "INCLUDE", "NonKeyAttributes": BOOK}),
        ],
        "journal": [_index("days", "noted_on", "noted_at", {"ProjectionType": "ALL"})],
    }[name]
    schemas = [_schema("pk", "sk"), *(index["KeySchema"] for index in indexes)]
    keys = dict.fromkeys(key["AttributeName"] for schema in schemas for key in schema)
    dynamodb.create_table(
        TableName=as_ or name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "N" if key == "due_shard" else "S"} for key in keys
        ],
        KeySchema=schemas[0],
        GlobalSecondaryIndexes=indexes,
    )


# What the index of open debts holds beside keys.
BOOK = ["digest", "balance", "currency", "due_date", "late_fee", "paid", "as_of", "rev", "source"]


def _index(name: str, partition: str, order: str, projection: dict[str, Any]) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": _schema(partition, order), "Projection": projection}


def _schema(partition: str, order: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": order, "KeyType": "RANGE"}]
