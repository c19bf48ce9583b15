"""Pages of which a part is generated, between two marks that are written beside the text."""


def renewed(page: str, begin: str, block: str, end: str) -> str:
    """The page with `block` between the marks. Raises ValueError where they are missing."""
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"no {begin} … {end}")
    return f"{before}{begin}\n{block}\n{end}{after}"
