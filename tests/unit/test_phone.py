import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.errors import InvalidInput
from cobranza.ledger.phone import Phone, parse_phone
from cobranza.ledger.phone_forms import kept_forms, phone_variants


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("+525555550101", "MX", "+525555550101"),
        ("5555550101", "MX", "+525555550101"),
        ("525555550101", "MX", "+525555550101"),
        ("+52 (55) 5555-0101", "MX", "+525555550101"),
        ("55.5555.0101", "MX", "+525555550101"),
        ("\u202a+52\u00a055\u20115555\u20110101\u202c", "MX", "+525555550101"),
        ("'5555550101", "MX", "+525555550101"),
        ("5215555550101", "MX", "+525555550101"),
        ("+52 1 55 5555 0101", "MX", "+525555550101"),
        ("+5215555550101", "CO", "+525555550101"),
        ("300 555 0102", "CO", "+573005550102"),
        ("9 11 5555 0103", "AR", "+5491155550103"),
        ("011 15 5555 0103", "AR", "+5491155550103"),
        ("9 5555 0104", "CL", "+56955550104"),
        ("955 550 105", "PE", "+51955550105"),
        ("(11) 95555-0106", "BR", "+5511955550106"),
        ("099 555 0107", "EC", "+593995550107"),
        ("5555 0108", "GT", "+50255550108"),
        ("(809) 555-0110", "DO", "+18095550110"),
        ("1-829-555-0111", "DO", "+18295550111"),
        ("849 555 0112", "DO", "+18495550112"),
        ("(202) 555-0109", "US", "+12025550109"),
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, country: str, e164: str):
    assert parse_phone(text, country).e164 == e164


def test_the_country_is_the_numbers_own_because_people_move():
    assert parse_phone("+573005550110", "MX") == Phone("+573005550110", "CO")
    assert parse_phone("(809) 555-0110", "US") == Phone("+18095550110", "DO")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "-",
        "12345",
        "5.25E+11",
        "5,25555E+11",
        "525e9",
        "5255550100.0",
        "5555550101.00",
        "55CALL0101",
        "5555550101 ext 5",
        "5555550101 / 5555550102",
        "5555550101,5555550102",
        "55+55550101",
        "++525555550101",
        "٥٥٥٥٥٥٠١٠١",
        "0000000000",
        "+9995555550101",
        "+80012345678",
        "5" * 41,
    ],
)
def test_what_is_not_one_valid_number_is_refused(text: str):
    with pytest.raises(InvalidInput) as refused:
        parse_phone(text, "MX")
    assert (refused.value.code, refused.value.column) == ("BAD_PHONE", "phone")


def test_a_lost_number_tells_that_the_spreadsheet_did_it():
    with pytest.raises(InvalidInput, match="scientific notation"):
        parse_phone("5.25555E+11", "MX")


def test_a_national_number_of_an_unknown_country_is_refused():
    with pytest.raises(InvalidInput, match="BAD_PHONE"):
        parse_phone("5555550101", "XX")


@pytest.mark.parametrize(
    ("text", "country"), [("+541155550111", "AR"), ("+551155550112", "BR"), ("11 5555 0111", "AR")]
)
def test_a_landline_is_refused(text: str, country: str):
    with pytest.raises(InvalidInput) as refused:
        parse_phone(text, country)
    assert (refused.value.code, refused.value.column) == ("LANDLINE", "phone")


@given(st.text(max_size=60), st.sampled_from(["MX", "CO", "AR", "BR", "US"]))
def test_any_text_is_read_or_refused(text: str, country: str):
    try:
        phone = parse_phone(text, country)
    except InvalidInput:
        return
    assert parse_phone(phone.e164, country) == phone


@given(
    st.integers(0, 99),
    st.sampled_from(["", " ", "-", ".", "\u00a0"]),
    st.sampled_from(["+52", "52", "521", ""]),
)
def test_every_spelling_of_a_mexican_number_is_the_same_number(last: int, gap: str, prefix: str):
    spelled = gap.join((prefix, "55", "5555", f"01{last:02}"))
    assert parse_phone(spelled, "MX") == Phone(f"+5255555501{last:02}", "MX")


@pytest.mark.parametrize(
    ("e164", "variants"),
    [
        ("+525555550101", ("525555550101", "5215555550101")),
        ("+5491155550103", ("5491155550103", "541155550103")),
        ("+541155550103", ("541155550103", "5491155550103")),
        ("+5511955550106", ("5511955550106", "551155550106")),
        ("+551155550106", ("551155550106", "5511955550106")),
        ("+573005550102", ("573005550102",)),
        ("+56955550104", ("56955550104",)),
        ("+51955550105", ("51955550105",)),
        ("+593995550107", ("593995550107",)),
        ("+50255550108", ("50255550108",)),
        ("+18095550110", ("18095550110",)),
        ("+12025550109", ("12025550109",)),
    ],
)
def test_the_variants_of_each_country(e164: str, variants: tuple[str, ...]):
    assert phone_variants(e164) == variants


@given(st.integers(10**9, 10**10 - 1), st.sampled_from(["52", "521", "54", "549", "55", "559"]))
def test_whatever_is_read_of_a_number_is_one_of_the_forms_that_are_asked_for(number: int, prefix: str):
    for form in phone_variants(f"{prefix}{number}"):
        try:
            phone = parse_phone(f"+{form}", "ZZ")
        except InvalidInput:
            continue
        assert phone.e164.removeprefix("+") in kept_forms(form)


def test_a_mexican_number_is_kept_without_its_1_however_whatsapp_tells_it():
    assert kept_forms("5215555550101") == kept_forms("525555550101") == ("525555550101",)
    assert kept_forms("5491155550103") == ("5491155550103", "541155550103")


def test_the_first_form_of_a_number_of_any_country_is_how_a_file_has_it():
    for region in phonenumbers.SUPPORTED_REGIONS:
        number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if number:
            e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            assert f"+{kept_forms(e164[1:])[0]}" == parse_phone(e164, "ZZ").e164 == e164


@given(st.sampled_from(["+5255555501", "+54911555501", "+55119555501"]), st.integers(0, 99))
def test_every_variant_has_the_same_variants(start: str, last: int):
    variants = phone_variants(f"{start}{last:02}")
    assert all(set(phone_variants(variant)) == set(variants) for variant in variants)
