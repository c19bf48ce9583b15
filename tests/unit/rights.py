"""Who may do what with the stack's things; who is not named may not.

Held against the template's policies by test_rights.py, and tried with each function's own credentials, in the
emulator, by tests/e2e/test_rights.py. A function is called by its service's name. A thing is a resource by its
logical name, with a path where rights end at paths.
"""

type Attempt = tuple[str, str]  # action, thing

NOBODY: frozenset[str] = frozenset()
FUNCTIONS = frozenset(
    ("ingest", "scheduler", "send", "webhook", "receipts", "answer", "payments", "reports", "events", "cases")
)
_KNOW_PEOPLE = FUNCTIONS - {"events"}
# Of each queue: who puts on it, and who takes off it.
_QUEUES = {
    "FilesQueue": ("ingest", "ingest"),
    "FilesDeadLetters": ("ingest", ""),
    "RemindersQueue": ("scheduler", "send"),
    "RemindersDeadLetters": ("", ""),
    "MediaQueue": ("webhook", "receipts"),
    "MediaDeadLetters": ("", ""),
    "RepliesQueue": ("webhook", "answer"),
    "RepliesDeadLetters": ("", ""),
    "ReportsDeadLetters": ("reports", ""),
    "EventsDeadLetters": ("events", ""),
    "EventsSample": ("", ""),
}
_SECRETS = {
    "ProviderSecret": "send receipts answer cases",
    "WebhookSecret": "webhook",
    "GatewaySecret": "payments",
    "IdentitySecret": "ingest webhook payments cases",
}
# Of each place in a bucket: who reads it, and who writes it.
_PLACES = {
    "InboxBucket/debts/uno/a.csv": ("ingest", ""),
    "InboxBucket/control/all/PAUSE": ("ingest", ""),
    "InboxBucket/results/uno/debts/a.csv/summary.json": ("reports", "ingest reports"),
    "InboxBucket/elsewhere/a.csv": ("", ""),
    "WorkBucket/parts/a": ("ingest", "ingest"),
    "WorkBucket/erased/a": ("", ""),
    "ReceiptsBucket/receipts/a/b.jpg": ("", "receipts"),
    "ReceiptsBucket/elsewhere/b.jpg": ("", ""),
    "BucketLogs/inbox/a": ("", ""),
}

MAY: dict[Attempt, frozenset[str]] = {
    ("dynamodb:GetItem", "LedgerTable"): _KNOW_PEOPLE,
    ("dynamodb:Query", "LedgerTable"): _KNOW_PEOPLE,
    ("dynamodb:UpdateItem", "LedgerTable"): _KNOW_PEOPLE,
    ("dynamodb:PutItem", "LedgerTable"): _KNOW_PEOPLE - {"scheduler", "send", "cases"},
    ("dynamodb:Query", "LedgerTable/index/due"): frozenset({"ingest", "scheduler"}),
    ("dynamodb:Query", "LedgerTable/index/book"): frozenset({"ingest", "payments", "reports", "cases"}),
    # What happened is written once, and read by who tells of it.
    # A put would replace a line; who notes inserts.
    ("dynamodb:PutItem", "JournalTable"): NOBODY,
    ("dynamodb:Query", "JournalTable"): frozenset({"ingest", "reports"}),
    ("dynamodb:Query", "JournalTable/index/days"): frozenset({"reports"}),
    ("dynamodb:GetItem", "JournalTable"): NOBODY,
    ("dynamodb:UpdateItem", "JournalTable"): NOBODY,
    **{
        (f"dynamodb:{action}", table): NOBODY
        for table in ("LedgerTable", "JournalTable")
        for action in ("Scan", "DeleteItem", "DeleteTable", "UpdateTable")
    },
    **{("sqs:SendMessage", queue): frozenset(puts.split()) for queue, (puts, _) in _QUEUES.items()},
    **{
        (f"sqs:{action}", queue): frozenset(takes.split())
        for queue, (_, takes) in _QUEUES.items()
        for action in ("ReceiveMessage", "DeleteMessage")
    },
    **{("sqs:PurgeQueue", queue): NOBODY for queue in _QUEUES},
    **{("secretsmanager:GetSecretValue", secret): frozenset(who.split()) for secret, who in _SECRETS.items()},
    **{("secretsmanager:PutSecretValue", secret): NOBODY for secret in _SECRETS},
    **{("s3:GetObject", place): frozenset(reads.split()) for place, (reads, _) in _PLACES.items()},
    **{("s3:PutObject", place): frozenset(writes.split()) for place, (_, writes) in _PLACES.items()},
    **{("s3:DeleteObject", place): NOBODY for place in _PLACES},
    # What is tagged as refused goes by the bucket's lifecycle.
    **{
        ("s3:PutObjectTagging", place): frozenset({"ingest"}) if place.startswith("InboxBucket/") else NOBODY
        for place in _PLACES
    },
    ("s3:ListBucket", "InboxBucket"): frozenset({"ingest", "reports"}),
    ("s3:ListBucket", "WorkBucket"): NOBODY,
    ("s3:ListBucket", "ReceiptsBucket"): NOBODY,
    ("s3:ListBucket", "BucketLogs"): NOBODY,
    ("sns:Publish", "NoticesTopic"): frozenset({"ingest", "reports"}),
    ("sns:Publish", "AlarmsTopic"): NOBODY,
    ("events:PutEvents", "EventBus"): frozenset({"events"}),
    # Nobody acts through another, or for longer than it runs.
    **{("lambda:InvokeFunction", f"{name.title()}Function"): NOBODY for name in sorted(FUNCTIONS)},
    ("sts:AssumeRole", "EraseRole"): NOBODY,
    ("iam:PutRolePolicy", "EraseRole"): NOBODY,
}
# Those that change nothing where they are allowed.
HARMLESS = {
    "dynamodb:GetItem",
    "dynamodb:Query",
    "secretsmanager:GetSecretValue",
    "s3:GetObject",
    "s3:ListBucket",
}


def refused_to(function: str) -> list[Attempt]:
    return [attempt for attempt, who in MAY.items() if function not in who]
