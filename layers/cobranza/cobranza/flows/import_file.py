"""The file desk: a dropped file becomes borrowers and debts, and each of its rows comes back explained."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.debts import DebtRow, balance_column, check_header, parse_debt_row
from cobranza.files.results import Readiness, Refusal, Summary, refused_csv
from cobranza.files.table import MAX_BYTES, Row, read_table
from cobranza.ledger.borrower import Borrower, Consent
from cobranza.ledger.debt import Debt
from cobranza.ledger.money import totals
from cobranza.policy import contact_rules
from cobranza.policy.decision import local_date, next_look
from cobranza.policy.portfolio import Portfolio, parse_portfolio, valid_portfolio_id
from cobranza.policy.strategy import Strategy
from cobranza.queues import DroppedFile
from cobranza.refs import References
from cobranza.store.journal import Journal
from cobranza.store.ledger import Change, Ledger
from cobranza.store.objects import Bucket, Received

MAX_ROWS = 20_000  # what one run of the function can write down in its time
MAX_KEY = 900  # S3 allows 1,024 bytes, and results are named after the file


@dataclass(frozen=True, slots=True)
class Drop:
    """Where a file was dropped: `<kind>/<portfolio>/<file>`."""

    kind: str
    portfolio: str
    file: str

    @classmethod
    def at(cls, key: str) -> "Drop":
        """Raises InvalidInput (BAD_PLACE) for a key of another shape, or too long for its results' keys."""
        if len(key.encode()) > MAX_KEY:
            raise refuse("BAD_PLACE", f"the name is too long, at most {MAX_KEY} bytes with its folders")
        match key.split("/"):
            case ["debts", portfolio, file] if valid_portfolio_id(portfolio) and file not in ("", ".", ".."):
                return cls("debts", portfolio, file)
            case ["portfolios", portfolio, "portfolio.yaml"] if valid_portfolio_id(portfolio):
                return cls("portfolios", portfolio, "portfolio.yaml")
            case _:
                raise refuse("BAD_PLACE", "debts/<portfolio>/<file> or portfolios/<portfolio>/portfolio.yaml")

    @classmethod
    def misplaced(cls, key: str) -> "Drop":
        """Where the results of a file go that is in none of the places."""
        return cls("misplaced", "none", key.replace("/", "_")[-100:])

    @property
    def results(self) -> str:
        return f"results/{self.portfolio}/{self.kind}/{self.file}"


@dataclass(frozen=True, slots=True)
class Importer:
    ledger: Ledger
    journal: Journal
    references: References
    strategy: Strategy
    workers: int = 16

    def import_file(
        self, bucket: Bucket, dropped: DroppedFile, now: datetime, *, retried: bool = False
    ) -> Summary:
        """Reads the file and writes its results beside it, also when it is refused whole.

        `retried`: an earlier try may have died after writing a debt and before planning when to look at it.
        Raises NotFound when the file is gone.
        """
        drop, received, refused = Drop.misplaced(dropped.key), None, b""
        try:
            drop = Drop.at(dropped.key)
            received = bucket.get(dropped.key, dropped.version, limit=MAX_BYTES)
            if drop.kind == "portfolios":
                portfolio = parse_portfolio(received.data, drop.portfolio)
                self.ledger.save_portfolio(portfolio, received.modified_at)
                summary = _summary(drop, received, now)
            else:
                summary, refused = self._import_debts(drop, received, now, retried=retried)
        except InvalidInput as error:
            summary = replace(_summary(drop, received, now), error=error)
        bucket.put(f"{drop.results}/refused.csv", refused or refused_csv((), ()), "text/csv; charset=utf-8")
        bucket.put(f"{drop.results}/summary.json", summary.to_json(), "application/json")
        # A file's name may be a person's: keys carry its digest.
        name = hashlib.sha256(drop.file.encode()).hexdigest()[:16]
        identity = f"{drop.kind}#{name}#{summary.digest}#{summary.as_of:%Y%m%dT%H%M%SZ}"
        facts = {"read": summary.read, "refused": summary.refused}
        self.journal.append(f"PORTFOLIO#{drop.portfolio}", now, "import", identity, facts)
        return summary

    def _import_debts(
        self, drop: Drop, received: Received, now: datetime, *, retried: bool
    ) -> tuple[Summary, bytes]:
        table = read_table(received.data)
        check_header(table.header)
        good, refusals = _sort_out(table.header, table.rows, drop.portfolio, received.modified_at)
        by_borrower = groupby(sorted(good, key=lambda row: row.borrower_id), key=lambda row: row.borrower_id)
        portfolio = self.ledger.portfolio(drop.portfolio)
        changes: Counter[Change] = Counter()
        readiness: Counter[str] = Counter()
        # One borrower's rows stay together and in order; different borrowers do not meet.
        with ThreadPoolExecutor(self.workers) as workers:
            save = partial(self._save, portfolio=portfolio, now=now, retried=retried)
            jobs = [workers.submit(save, list(rows)) for _, rows in by_borrower]
            for job in jobs:
                saved, borrower_readiness = job.result()
                changes.update(saved)
                readiness[borrower_readiness] += len(saved)
        summary = replace(
            _summary(drop, received, now),
            read=len(good) + len(refusals),
            created=changes["created"],
            updated=changes["updated"],
            unchanged=changes["unchanged"],
            refused=len(refusals),
            refused_by_code=Counter(refusal.code for refusal in refusals),
            totals=totals(row.terms.owed for row in good),
            balance_from=balance_column(table.header),
            readiness=Readiness(**readiness),
        )
        return summary, refused_csv(table.header, refusals)

    def _save(
        self, rows: Sequence[DebtRow], *, portfolio: Portfolio | None, now: datetime, retried: bool
    ) -> tuple[list[Change], str]:
        """One borrower's rows; what became of each, and how ready the borrower is."""
        ref = self.references.ref("borrower", rows[0].borrower_id)
        known = self.ledger.known(ref)
        # A person has one profile: where rows differ, the last one is the news.
        last = rows[-1]
        phone = self.references.ref("phone", last.phone)
        if not known.has_phone(last.phone):
            # First, so that whoever has a profile can be found by the phone.
            self.ledger.add_reference(phone, ref)
        answer = _consent_answer(rows)
        # After the reference: a stop of this very moment finds the borrower by it, or is found here.
        stopped_at = None if known.has_phone(last.phone) else self.ledger.stopped_phone(phone)
        profile, borrower = self.ledger.save_borrower(
            known,
            _told(last, ref, _evidence(answer.consent, known.consent, portfolio)),
            last.borrower_id,
            last.terms.as_of,
            consent_declared=answer.consent_declared,
            stopped_at=stopped_at,
        )
        changes: list[Change] = []
        changed: list[Debt] = []
        for row in rows:
            terms, debt = self.ledger.save_debt(known, row.terms)
            changes.append(terms if terms != "unchanged" or profile == "unchanged" else "updated")
            if changes[-1] != "unchanged" or retried or not known.is_planned:
                changed.append(debt)
        today = local_date(borrower, now)
        if moment := next_look(borrower, tuple(changed), self.strategy, first=today):
            self.ledger.look_at(ref, moment)
        return changes, _readiness(borrower, portfolio)


def _summary(drop: Drop, received: Received | None, now: datetime) -> Summary:
    return Summary(
        kind=drop.kind,
        portfolio=drop.portfolio,
        file=drop.file,
        digest=hashlib.sha256(received.data).hexdigest() if received else "",
        as_of=received.modified_at if received else now,
    )


def _sort_out(
    header: Sequence[str], rows: Iterable[Row], portfolio: str, as_of: datetime
) -> tuple[list[DebtRow], list[Refusal]]:
    good: list[DebtRow] = []
    refusals: list[Refusal] = []
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        if len(good) + len(refusals) == MAX_ROWS:
            raise refuse("TOO_LARGE", f"it has more than {MAX_ROWS:,} rows, split it")
        try:
            parsed = parse_debt_row(header, row, portfolio=portfolio, as_of=as_of)
            first = seen.setdefault((parsed.borrower_id, parsed.terms.key), row.line)
            if first != row.line:
                raise refuse("DUPLICATE_ROW", f"line {first} has it already", "debt_id")
        except InvalidInput as error:
            refusals.append(Refusal(row, error.code, error.reason, error.column))
        else:
            good.append(parsed)
    return good, refusals


def _consent_answer(rows: Sequence[DebtRow]) -> DebtRow:
    """The row that says whether this person agreed: any "no" wins, then the last "yes"."""
    declared = [row for row in rows if row.consent_declared]
    return next((row for row in declared if row.consent is None), (declared or rows)[-1])


def _told(row: DebtRow, ref: str, consent: Consent | None) -> Borrower:
    return Borrower(
        ref=ref,
        name=row.name,
        phone=row.phone,
        country=row.country,
        region=row.region,
        language=row.language,
        consent=consent,
    )


def _evidence(said: Consent | None, known: Consent | None, portfolio: Portfolio | None) -> Consent | None:
    """What to keep of a "yes". A bare one adds nothing to what is known; the first is a yes to the wording
    that the portfolio declares at that moment."""
    if said is None:
        return None
    if known and not (said.at or said.source or said.text):
        return known
    declared = portfolio.consent if portfolio else None
    return replace(
        said,
        source=said.source or (declared.source if declared else "file"),
        text=said.text or (declared.text if declared else ""),
    )


def _readiness(borrower: Borrower, portfolio: Portfolio | None) -> str:
    """Whether this borrower could be messaged as things are."""
    if portfolio is None:
        return "no_portfolio"
    if borrower.consent is None:
        return "no_consent"
    known = contact_rules.rules_for(borrower.country) is not None
    return "messageable" if known and borrower.country in portfolio.countries else "country_off"
