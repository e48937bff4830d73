"""The cohorts that a model was fitted or updated on, by their digests: on these its figures are no validation."""

from features.records.cohort import Cohort
from models.bundle import Bundle

IN_SAMPLE = (
    "{version} was fitted on this very cohort. Figures from these predictions are too good and no validation; the "
    "report has those of held-out patients"
)
"""The warning beside predictions for a cohort that `has_seen`."""
NOT_COMPARED = "a cohort in parts has no digest, so it was not compared with those that the model was fitted on"


def seen_cohort_digests(bundle: Bundle) -> list[str]:
    """The digests of all development cohorts of a model: of the models that it was updated from, then its own."""
    before = bundle.training.get("seen_cohort_digests")
    own = bundle.training.get("cohort_digest")
    seen = [digest for digest in before if isinstance(digest, str)] if isinstance(before, list) else []
    return list(dict.fromkeys([*seen, *([own] if isinstance(own, str) else [])]))


def has_seen(bundle: Bundle, cohort: Cohort) -> bool:
    """Whether the model was developed on this very cohort; a part of one, or one with a change, has another digest."""
    return cohort.digest in seen_cohort_digests(bundle)
