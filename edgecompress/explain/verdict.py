"""What a comparison comes to, in one sentence."""

from collections.abc import Mapping
from typing import Any

from edgecompress.explain.evidence import Evidence

# Points of accuracy, or of equal answers where nobody knows the right ones: what `compress` allows
# to be lost by default.
KEPT_POINTS = 1.0


def sentence(first: Mapping[str, Any], other: Mapping[str, Any], evidence: Evidence) -> str:
    """Say whether `other` looks at the same evidence as `first`, both entries of the document."""
    name, original = other["model"], first["model"]
    finding = other["finding"]
    if finding == "nothing to compare":
        return (
            f"{name}: nothing to compare with {original}, whose answer no covered place changes in "
            "any of the samples; give more with --samples"
        )
    mean, (low, high) = (
        other["similarity"]["mean"][key] for key in ("rank_correlation", "interval")
    )
    figures = (
        f"rank correlation {mean:.2f} (95 % interval {low:.2f} to {high:.2f}), threshold "
        f"{evidence.threshold:.2f}: halfway between maps of different samples, "
        f"{evidence.chance:.2f}, and equal maps, 1"
    )
    if finding == "same":
        return f"{name} looks at the same evidence as {original}: {figures}"
    if finding == "unclear":
        return (
            f"{name} looks in part at the evidence of {original}: {figures}, within the interval; "
            "more --samples narrow it"
        )
    kept = "keeps" if keeps_accuracy(first, other) else "loses"
    but = "but" if kept == "keeps" else "and"
    return f"{name} {kept} the accuracy of {original} {but} looks elsewhere: {figures}"


def keeps_accuracy(first: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether `other` loses one point of accuracy at most; of equal answers without labels."""
    if other["accuracy"] is None:
        return bool(100 * (1 - other["agreement"]) <= KEPT_POINTS)
    return bool(100 * (first["accuracy"] - other["accuracy"]) <= KEPT_POINTS)
