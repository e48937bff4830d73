"""The case mix of the development cohort beside that of the validation cohort."""

from math import sqrt

from pydantic import TypeAdapter

from training.evidence.document import Evidence, EvidencePart, FeatureSummary, Number

NOTABLE = 0.1
"""The standardised difference from which it is commonly called notable: Austin 2009, doi:10.1002/sim.3697."""


class CaseMixComparison(EvidencePart):
    """One feature at one landmark in both cohorts; ``standardised_difference`` is validation less development.

    It is in pooled standard deviations; null if either cohort has too few recorded values.
    """

    landmark: str
    feature: str
    unit: str
    development_mean: Number
    development_sd: Number
    development_missing_share: float
    validation_mean: Number
    validation_sd: Number
    validation_missing_share: float
    standardised_difference: Number


def compare_case_mix(development: Evidence, validation: Evidence) -> list[CaseMixComparison]:
    """One row per landmark and feature that both have, those that differ most first within a landmark."""
    rows = []
    for landmark in validation.landmarks:
        before = next((found for found in development.landmarks if found.name == landmark.name), None)
        known = {feature.name: feature for feature in (before.case_mix if before else [])}
        compared = [
            _compared(landmark.name, known[feature.name], feature)
            for feature in landmark.case_mix
            if feature.name in known
        ]
        rows += sorted(compared, key=lambda row: -abs(row.standardised_difference or 0.0))
    return rows


def _compared(landmark: str, development: FeatureSummary, validation: FeatureSummary) -> CaseMixComparison:
    return CaseMixComparison(
        landmark=landmark,
        feature=validation.name,
        unit=validation.unit,
        development_mean=development.mean,
        development_sd=development.sd,
        development_missing_share=development.missing_share,
        validation_mean=validation.mean,
        validation_sd=validation.sd,
        validation_missing_share=validation.missing_share,
        standardised_difference=_difference(development, validation),
    )


def _difference(development: FeatureSummary, validation: FeatureSummary) -> float | None:
    if development.mean is None or validation.mean is None:
        return None
    pooled = sqrt(((development.sd or 0.0) ** 2 + (validation.sd or 0.0) ** 2) / 2)
    return (validation.mean - development.mean) / pooled if pooled else None


def as_json(rows: list[CaseMixComparison]) -> str:
    """The comparison as a JSON text."""
    return TypeAdapter(list[CaseMixComparison]).dump_json(rows, indent=1).decode() + "\n"
