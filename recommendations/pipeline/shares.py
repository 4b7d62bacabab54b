"""What was learned about the parts' shares in the blend, as models keep and tell it."""

from collections.abc import Mapping
from typing import Any

from recommendations.engine.blending import Learned
from recommendations.engine.snapshot import Blend


def read(kept: Mapping[str, Any]) -> Blend:
    """Return the shares of a model's document; the usual ones where it says nothing."""
    found = kept.get("blend")
    return Blend() if found is None else Blend(tuple(found["knots"]), found["factors"])


def document(blend: Blend) -> dict[str, Any]:
    """Return shares as documents keep them."""
    return {"blend": {"knots": list(blend.knots), "factors": {name: list(f) for name, f in blend.factors.items()}}}


def report(learned: Learned) -> dict[str, Any]:
    """Return what was learned in numbers, knot by knot."""
    return {
        "knots": list(learned.blend.knots),
        "asked": learned.asked,
        "gains": [round(gain, 5) for gain in learned.gains],
    }
