"""Global ids: there and back, one spelling each, and refusals that name what was sent."""

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingeboard.errors import Invalid
from bingeboard.graphql.nodes import global_id, key_of, number_of, split_id, uuid_of


@given(
    st.sampled_from(["Show", "User", "Recommendation"]), st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
)
def test_an_id_says_what_it_is_the_id_of(type_name: str, key: str) -> None:
    if "\0" not in key:
        assert split_id(global_id(type_name, key)) == (type_name, key)


@given(st.text(max_size=60))
def test_what_is_no_id_is_refused_or_has_one_spelling(text: str) -> None:
    try:
        type_name, key = split_id(text)
    except Invalid:
        return
    assert global_id(type_name, key) == text


@pytest.mark.parametrize(
    "text",
    ["", "Show:1", "U2hvdzox=", "U2hvdzo", "U2hvdw==", "OjE=", "U2hvdzo=", "U2hv\ndzox", "ÿ", "\ud800", "A" * 5000]
    + [base64.b64encode(raw).decode() for raw in (b"\xff\xfe", b"Show:\x00", b"Show")],
)
def test_a_malformed_id_is_refused_naming_the_field(text: str) -> None:
    with pytest.raises(Invalid, match="showId") as refused:
        split_id(text, field="showId")

    assert refused.value.field == "showId"
    assert len(refused.value.message) < 200


def test_an_id_of_another_type_is_refused_naming_both() -> None:
    with pytest.raises(Invalid, match="of a User, not of a Show"):
        key_of(global_id("User", "7"), "Show")


@pytest.mark.parametrize("key", ["x", "-1", "1.5", "٣", "1" * 19, "1 ", "0x1"])
def test_a_key_that_no_row_could_have_is_refused(key: str) -> None:
    with pytest.raises(Invalid):
        number_of(global_id("Show", key), "Show")


def test_numbers_and_request_ids_come_back() -> None:
    request_id = uuid.uuid4()

    assert number_of(global_id("Show", 42), "Show") == 42
    assert uuid_of(str(request_id), field="requestId") == request_id


@pytest.mark.parametrize(
    "text", ["", "x", "{6a0f6f0e-6f0c-5d4e-9b61-5d3f0c1b7a11}", "6a0f6f0e6f0c5d4e9b615d3f0c1b7a11"]
)
def test_what_is_no_request_id_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="requestId"):
        uuid_of(text, field="requestId")
