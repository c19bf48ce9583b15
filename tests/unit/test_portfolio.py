from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cobranza.errors import InvalidInput
from cobranza.policy.portfolio import Portfolio, parse_portfolio, valid_portfolio_id

GOOD = """\
# Cards of Acme in Mexico
creditor:
  legal_name: Acme Créditos S.A. de C.V.
  shown_name: Acme
  complaints_channel: 800 000 0000
creditor_type: first_party
phone_number_id: 106540352242922
countries: [MX, NO]
language: es
consent:
  text: |
    I agree to get payment reminders
    from Acme on WhatsApp.
  source: credit application
link_bases:
  - https://pay.example.com/acme
  - https://links.example.org
"""


def portfolio(**changes: Any) -> Portfolio:
    values: dict[str, Any] = yaml.load(GOOD, Loader=yaml.BaseLoader) | changes
    return parse_portfolio(yaml.safe_dump(values, allow_unicode=True).encode(), "cards-mx")


def refusal(data: bytes, portfolio_id: str = "cards-mx") -> str:
    with pytest.raises(InvalidInput) as refused:
        parse_portfolio(data, portfolio_id)
    assert refused.value.code == "BAD_PORTFOLIO"
    return refused.value.reason


def test_a_good_file_is_read_as_it_is_written() -> None:
    read = parse_portfolio(GOOD.encode("utf-8-sig"), "cards-mx")
    assert read.portfolio_id == "cards-mx"
    assert read.creditor.legal_name == "Acme Créditos S.A. de C.V."
    assert read.phone_number_id == "106540352242922"
    assert read.countries == ("MX", "NO")
    assert read.consent.source == "credit application"
    assert read.link_bases == ("https://pay.example.com/acme", "https://links.example.org")


def test_it_survives_being_stored() -> None:
    read = portfolio()
    assert Portfolio.model_validate_json(read.model_dump_json()) == read


def test_pay_options_and_the_buttons_base_are_read() -> None:
    read = portfolio(pay_options=["SPEI 000000000000000000"], button_base="https://pay.example.com/acme/d/")
    assert read.pay_options == ("SPEI 000000000000000000",)
    assert read.fits_button("https://pay.example.com/acme/d/1001")
    assert not read.fits_button("https://pay.example.com/acme/1001")
    assert not portfolio().fits_button("https://pay.example.com/acme/d/1001")


@pytest.mark.parametrize(
    "changes",
    [
        {"pay_options": ["a", "b", "c", "d"]},
        {"pay_options": ["x" * 81]},
        {"pay_options": [""]},
        {"pay_options": ["SPEI {reference}"]},
        {"pay_options": ["en https://pay.example.com/acme"]},
        {"link_bases": ["https://169.254.169.254/"]},
        {"button_base": "https://elsewhere.example/"},
        {"button_base": "http://pay.example.com/acme/"},
        {"button_base": "https://pay.example.com/acme/{{1}}"},
    ],
)
def test_a_way_to_pay_that_nobody_could_use_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="BAD_PORTFOLIO") as refused:
        portfolio(**changes)
    assert next(iter(changes)) in refused.value.reason


def test_links_are_optional() -> None:
    assert portfolio(link_bases=[]).link_bases == ()
    assert not portfolio(link_bases=[]).approves_link("https://pay.example.com/acme")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("first_party", "agency", "creditor_type (line 6): must be first_party"),
        ("first_party", "[first_party]", "creditor_type (line 6)"),
        ("106540352242922", "+525555550100", "phone_number_id (line 7)"),
        ("[MX, NO]", "[]", "countries (line 8)"),
        ("[MX, NO]", "[MX, Mexico]", "countries.1 (line 8)"),
        ("[MX, NO]", "MX", "countries (line 8)"),
        ("language: es", "language: fr", "language (line 9)"),
        ("language: es", "langauge: es", "langauge (line 9)"),
        ("language: es", "language: es\nlanguage: en", "twice (line 10)"),
        ("language: es", "language: es\nportfolio_id: other", "the folder already names"),
        ("shown_name: Acme", "shown_name: " + "A" * 61, "creditor.shown_name (line 4)"),
        ("shown_name: Acme", 'shown_name: "Ac\\nme"', "creditor.shown_name (line 4)"),
        ("shown_name: Acme", "shown_name: ' '", "creditor.shown_name (line 4)"),
        ("shown_name: Acme", "shown_name: &a Acme", "aliases or tags (line 4)"),
        ("shown_name: Acme", "shown_name: !!python/name:os.system Acme", "aliases or tags (line 4)"),
        ("shown_name: Acme", "shown_name: [[[[[[Acme]]]]]]", "nested too deep (line 4)"),
        ("shown_name: Acme", "shown_name: *a", "aliases or tags (line 4)"),
        ("shown_name: Acme", "? [a]\n  : b", "key that is no name, or one twice (line 4)"),
        ("shown_name: Acme", "shown_name: 'Acme", "not YAML (line"),
        ("shown_name: Acme", "shown_name: \x00", "not YAML"),
        ("  source: credit application\n", "", "consent.source: Field required"),
        ("https://links.example.org", "http://links.example.org", "link_bases.1 (line 17)"),
        ("https://links.example.org", "https://me@links.example.org", "link_bases.1 (line 17)"),
        ("https://links.example.org", "https://links.example.org/?to=", "link_bases.1 (line 17)"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(old: str, new: str, named: str) -> None:
    assert old in GOOD
    assert named in refusal(GOOD.replace(old, new).encode())


def test_collecting_for_others_is_refused_with_the_reason() -> None:
    assert "WhatsApp's business policy" in refusal(GOOD.replace("first_party", "third_party").encode())


@pytest.mark.parametrize(
    "data",
    [b"", b"# nothing", b"- a\n- b", b"text", b"\xff\xfe", b"a: 1\n---\nb: 2", b"x" * 65_537, b"[" * 60_000],
)
def test_what_is_no_portfolio_is_refused(data: bytes) -> None:
    assert refusal(data)


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>'\"\n ,?#%@`", max_size=60).map(str.encode))
def test_any_bytes_are_refused_in_words(data: bytes) -> None:
    assert refusal(data)


@pytest.mark.parametrize("portfolio_id", ["cards-mx", "a", "0", "-" * 40])
def test_a_portfolio_id(portfolio_id: str) -> None:
    assert valid_portfolio_id(portfolio_id)


@pytest.mark.parametrize("portfolio_id", ["", "Cards", "a b", "a/b", "á", "a" * 41, "a\n", "٣"])
def test_no_portfolio_id(portfolio_id: str) -> None:
    assert not valid_portfolio_id(portfolio_id)
    assert "id" in refusal(GOOD.encode(), portfolio_id)


@pytest.mark.parametrize(
    "url",
    [
        "https://pay.example.com/acme",
        "https://pay.example.com/acme/",
        "https://pay.example.com/acme/d/1001?t=abc%2F&u=https://x.example#top",
        "https://pay.example.com/acme?id=1",
        "https://PAY.example.com:443/acme/1",
        "HTTPS://pay.example.com/acme",
        "https://links.example.org",
        "https://links.example.org?x=1",
        "https://links.example.org/any/page",
    ],
)
def test_a_link_under_a_base_is_approved(url: str) -> None:
    assert portfolio().approves_link(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://pay.example.com/acme",
        "pay.example.com/acme",
        "javascript:alert(1)",
        "https://pay.example.com",
        "https://pay.example.com/",
        "https://pay.example.com/acme2",
        "https://pay.example.com/ACME",
        "https://pay.example.com/acme/../evil",
        "https://pay.example.com/acme/..",
        "https://pay.example.com/acme/%2e%2E/evil",
        "https://pay.example.com/acme/..%2fevil",
        "https://pay.example.com/acme/%252e%252e/evil",
        "https://pay.example.com/acme\\..\\evil",
        "https://pay.example.com/acme x",
        "https://pay.example.com/acme\n",
        " https://pay.example.com/acme",
        "https://pay.example.com:8443/acme",
        "https://pay.example.com.evil.com/acme",
        "https://pay.example.com@evil.com/acme",
        "https://user:pw@pay.example.com/acme",
        "https://evil.com/https://pay.example.com/acme",
        "https://evil.com\\@pay.example.com/acme",
        "https://evil.com?@pay.example.com/acme",
        "https://links.example.org.evil.com",
        "https://links.example.org@evil.com",
        "https://links.example.org\\evil.com",
        "https://links.example.org.",
        "https:/links.example.org",
        "https:///links.example.org",
        "https://links.example.org\u2024evil.com",
        "https://links。example.org",
        "https://links.example.org/" + "a" * 2048,
    ],
)
def test_a_link_elsewhere_is_not(url: str) -> None:
    assert not portfolio().approves_link(url)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("es", "es"),
        ("es-MX", "es"),
        ("ES_co", "es"),
        ("es-AR", "es_AR"),
        ("es_ar", "es_AR"),
        ("pt", "pt_BR"),
        ("pt-BR", "pt_BR"),
        ("pt-PT", "pt_BR"),
        ("en-US", "en"),
        (" en ", "en"),
        ("", "es"),
        ("fr", "es"),
        ("est", "es"),
        ("enm", "es"),
    ],
)
def test_a_language_tag_becomes_a_language_we_write(tag: str, language: str) -> None:
    assert portfolio().template_language(tag) == language


def test_a_tag_we_do_not_write_becomes_the_portfolios_language() -> None:
    assert portfolio(language="pt_BR").template_language("fr") == "pt_BR"


def test_a_portfolio_that_says_vos_says_it_to_whoever_names_no_country() -> None:
    argentine = portfolio(language="es_AR")
    assert [argentine.template_language(tag) for tag in ("", "es", "es-MX")] == ["es_AR", "es_AR", "es"]


@pytest.mark.parametrize(
    ("on", "left"), [({"MX"}, ("MX",)), ({"NO", "CO", "MX"}, ("MX", "NO")), ({"CO"}, ()), ({""}, ())]
)
def test_it_is_narrowed_to_the_countries_that_are_on(on: set[str], left: tuple[str, ...]) -> None:
    assert portfolio().within(on) == portfolio().model_copy(update={"countries": left})
