"""Whether the evidence computed again from the data is the recorded evidence."""

import json
import math
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from training.evidence.document import Evidence, read_evidence
from training.registry.artifacts import EVIDENCE
from training.registry.stored_training import StoredTraining
from training.verdicts import Verdict, failed, not_checked, passed, verdict_of

CHECK = "evidence again"
BUNDLE = "bundle_digest"
ELSEWHERE = 1e-6
"""Largest difference of a number between processor families, absolute, or relative to numbers above 1."""
Leaf = tuple[str, Any]
"""A place in a document, and its text, number or null."""


def recorded_source(stored: StoredTraining) -> str | None:
    """The cohort's name in the recorded evidence; ``None`` if no evidence can be read."""
    try:
        return read_evidence((stored.artifacts / EVIDENCE).read_bytes()).cohort.source
    except (OSError, ValidationError):
        return None


def evidence_verdict(stored: StoredTraining, again: Evidence | None, elsewhere: bool) -> Verdict:
    """The evidence has the same bytes; on another processor (``elsewhere``) the same texts, and numbers within 1e-6."""
    if again is None:
        return not_checked(CHECK, "no readable evidence was recorded")
    recorded, computed = (stored.artifacts / EVIDENCE).read_bytes(), again.as_json().encode()
    if recorded == computed:
        return passed(CHECK, f"computed again, the same document byte for byte, {len(recorded)} bytes")
    then, now = dict(_leaves(json.loads(recorded))), dict(_leaves(json.loads(computed)))
    if elsewhere:  # the bundle's bytes differ; the retraining check evaluates them
        then, now = ({place: value for place, value in each.items() if place != BUNDLE} for each in (then, now))
    else:
        differing = [place for place in sorted(then.keys() | now.keys()) if then.get(place) != now.get(place)]
        return failed(CHECK, f"computed again, different bytes; first at {differing[0] if differing else 'the layout'}")
    wrong = [place for place in sorted(then.keys() | now.keys()) if not _close(then.get(place), now.get(place))]
    return verdict_of(CHECK, wrong, f"on another processor: {len(then)} values agree, numbers within {ELSEWHERE:.0e}")


def _leaves(document: Any, place: str = "") -> Iterator[Leaf]:
    """Every value of a JSON document with its place, such as landmarks/0/name."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in inner:
        here = f"{place}/{key}".removeprefix("/")
        if isinstance(value, dict | list):
            yield from _leaves(value, here)
        else:
            yield here, value


def _close(then: Any, now: Any) -> bool:
    if isinstance(then, float) and isinstance(now, float):
        return math.isclose(then, now, rel_tol=ELSEWHERE, abs_tol=ELSEWHERE)
    return bool(then == now)
