"""What values of our scalars documents are made up with: shared by the tests and by schemathesis."""

from collections.abc import Sequence
from typing import Any

from graphql import parse
from hypothesis import strategies as st
from hypothesis_graphql import nodes

MOMENTS = ["2026-06-01T12:00:00+00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-14:00", "2026-06-01", "now"]
VALUES_OF_JSON = ['{device: "tv"}', "{}", "[1]", "null", "1e400"]


def scalars(*, ids: Sequence[str], uuids: Sequence[str]) -> dict[str, Any]:
    """Return a strategy for each scalar of ours, out of ids that mean something, so that not all ends at strangers."""
    return {
        "DateTime": st.sampled_from(MOMENTS).map(nodes.String),
        "UUID": st.sampled_from([*uuids, "7"]).map(nodes.String),
        "JSON": st.sampled_from(VALUES_OF_JSON).map(_value),
        "ID": st.sampled_from([*ids, "x"]).map(nodes.String),
    }


def _value(written: str) -> Any:
    """Return a value as it stands in a document's tree."""
    return parse(f"{{ a(b: {written}) }}").definitions[0].selection_set.selections[0].arguments[0].value  # type: ignore[attr-defined]
