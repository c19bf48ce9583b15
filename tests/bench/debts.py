"""A debts file of any size: three debts for two borrowers, nobody real."""

from collections.abc import Iterator

HEADER = (
    *("borrower_id", "name", "phone", "country", "region", "language"),
    *("debt_id", "amount", "balance", "currency"),
    *("due_date", "consent"),
)


def row(number: int) -> tuple[str, ...]:
    borrower = number * 2 // 3
    return (
        *(f"C{borrower}", f"Lucía Ejemplo {borrower}", f"+5255{50000000 + borrower:08}", "MX", "CMX", "es-MX"),
        *(f"F-{number}", f"{1000 + number % 977}.50", f"{900 + number % 977}.25", "MXN"),
        *(f"2026-12-{number % 28 + 1:02}", "sí"),
    )


def lines(count: int) -> Iterator[str]:
    """The header and `count` rows, as csv."""
    yield ",".join(HEADER) + "\n"
    for number in range(count):
        yield ",".join(row(number)) + "\n"
