"""Table 1: the characteristics of the patients analysed, by outcome and by site; no count of one to nine patients.

The landmark is the first one, so that there is one table per cohort. It applies to a validation cohort too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from features.build import FeatureRows
from features.catalogue import Feature, catalogue
from features.definitions.display_names import label_of
from features.records.cohort import Cohort
from features.records.timeline import Floats, Mask
from training.evidence.descriptions import BaselineCell, BaselineColumn, BaselineRow, BaselineTable
from training.metrics.disclosure import FEWEST, Group, hidden_cells, pooled, rounded_count
from training.outcomes.labels import EndedBy, Outcomes

LEFT_OUT = "early response"
"""The group of features that are about the course, not about the patient at baseline."""
MOST_SITES = 8
"""Most columns for sites: more would not fit the width of a page. The smallest are pooled."""
MOST_SKEWED = 1.0
"""The skewness from which on a characteristic has median and quartiles in place of mean and SD [judgement]."""


@dataclass(frozen=True, eq=False)
class _Characteristic:
    """One feature's values among the patients analysed (patients,), and what is said of it."""

    feature: Feature
    values: Floats

    @property
    def kind(self) -> str:
        """What its figures are, as in `BaselineRow`; counts that are mostly the same have a mean, for want of more."""
        if self.feature.unit == "no/yes":
            return "yes/no"
        recorded = self.values[~np.isnan(self.values)]
        low, high = np.percentile(recorded, (25, 75))
        return "mean" if abs(_skewness(recorded)) <= MOST_SKEWED or low == high else "median"

    @property
    def digits(self) -> int:
        """Decimals of the figures: two, or one where the values vary by more than two units."""
        return 1 if float(np.nanstd(self.values)) > 2 else 2

    @property
    def common(self) -> float:
        """The value of more than half of those recorded; NaN if there is none, as for a measurement."""
        values, counts = np.unique(self.values[~np.isnan(self.values)], return_counts=True)
        return float(values[np.argmax(counts)]) if 2 * counts.max() > counts.sum() else float("nan")

    @property
    def varies(self) -> bool:
        """Whether patients differ in what is recorded."""
        return bool(np.nanmax(self.values) > np.nanmin(self.values))


def baseline_tables(cohort: Cohort, features: FeatureRows, outcomes: Outcomes) -> list[BaselineTable]:
    """The patients eligible at a landmark by outcome and by site; a table without columns shows all patients only.

    None for fewer than ten patients.
    """
    eligible = outcomes.eligible
    if eligible.sum() < FEWEST:
        return []
    declared = [(number, one) for number, one in enumerate(catalogue(cohort.protocol)) if one.group != LEFT_OUT]
    known = [_Characteristic(one, features.values[eligible, number]) for number, one in declared]
    known = [one for one in known if not np.isnan(one.values).all()]
    same = [_label(one.feature) for one in known if not one.varies]
    known = [one for one in known if one.varies]
    said = f"The same in all patients: {', '.join(same)}." if same else ""
    by_outcome = pooled(_outcome_groups(outcomes, at_landmark=cohort.protocol.remission.at_landmark), "")
    by_site = pooled(_largest_sites(_site_groups(cohort, eligible)), "other sites")
    name = outcomes.landmark.name
    return [
        BaselineTable(
            landmark=name,
            by="outcome" if number == 0 else "site",
            n=int(eligible.sum()),
            columns=[BaselineColumn(name=label, n=int(members.sum())) for label, members in groups],
            rows=[_row(one, [members for _, members in groups], compared=number == 0) for one in known],
            note=said if number == 0 else "",
        )
        for number, groups in enumerate((by_outcome, by_site))
        if number == 0 or groups
    ]


def _outcome_groups(outcomes: Outcomes, *, at_landmark: bool) -> list[Group]:
    """Remission yes, no or not observed; relapse, if everybody is in remission at the landmark."""
    eligible = outcomes.eligible
    if at_landmark:
        ended = np.where(outcomes.at_risk, outcomes.ended_by, EndedBy.NOT_AT_RISK)[eligible]
        names = {
            EndedBy.RELAPSE: "relapse",
            EndedBy.CENSORED: "no relapse seen",
            EndedBy.COMPETING: "competing event",
            EndedBy.NOT_AT_RISK: "not followed",
        }
        return [(name, ended == end) for end, name in names.items()]
    remission = outcomes.remission[eligible]
    return [
        ("remission", remission == 1),
        ("no remission", remission == 0),
        ("remission not observed", np.isnan(remission)),
    ]


def _site_groups(cohort: Cohort, eligible: Mask) -> list[Group]:
    site = cohort.site[eligible]
    return [
        ("no site recorded" if code < 0 else cohort.site_names[code], site == code) for code in np.unique(site).tolist()
    ]


def _largest_sites(groups: list[Group]) -> list[Group]:
    """At most ``MOST_SITES`` groups: the largest, in their order, and all others as one."""
    if len(groups) <= MOST_SITES:
        return groups
    by_size = sorted(range(len(groups)), key=lambda place: -int(groups[place][1].sum()))
    kept = sorted(by_size[: MOST_SITES - 1])
    others = np.logical_or.reduce([groups[place][1] for place in by_size[MOST_SITES - 1 :]])
    return [*(groups[place] for place in kept), ("other sites", others)]


def _row(one: _Characteristic, groups: Sequence[Mask], *, compared: bool) -> BaselineRow:
    values = [one.values[members] for members in groups]
    counts = [_counts(part, one.common) for part in values]
    hidden, missing_hidden = hidden_cells([shown for shown, _ in counts]), hidden_cells([both for _, both in counts])
    whole = _whole_cell(one)
    cells = [
        _cell(one, part, hidden=suppressed, missing_hidden=unknown)
        for part, suppressed, unknown in zip(values, hidden, missing_hidden, strict=True)
    ]
    both_shown = compared and len(cells) > 1 and bool(cells[0].figures) and bool(cells[1].figures)
    return BaselineRow.model_validate(
        {
            "feature": one.feature.name,
            "label": _label(one.feature),
            "unit": one.feature.unit,
            "kind": one.kind,
            "cells": [whole, *cells],
            "difference": standardised_difference(values[0], values[1]) if both_shown else None,
        }
    )


def _counts(values: Floats, common: float) -> tuple[tuple[int, int], tuple[int, int]]:
    """The counts that a cell's figures would show, and those that its number of missing values would show.

    A mean shows how many have another value than nearly all, if they are few.
    """
    missing, recorded = int(np.isnan(values).sum()), int((~np.isnan(values)).sum())
    with_it = int((values == common).sum())
    return (with_it, recorded - with_it), (missing, recorded)


def _whole_cell(one: _Characteristic) -> BaselineCell:
    """That of all patients; so many missing values that few patients are left are not counted."""
    (hidden,), (missing_hidden,) = (hidden_cells([counts]) for counts in _counts(one.values, one.common))
    return _cell(one, one.values, hidden=hidden, missing_hidden=missing_hidden)


def _cell(one: _Characteristic, values: Floats, *, hidden: bool, missing_hidden: bool) -> BaselineCell:
    recorded = values[~np.isnan(values)]
    missing = None if missing_hidden else rounded_count(len(values) - len(recorded))
    if hidden or not len(recorded):
        return BaselineCell(missing=missing)
    if one.kind == "yes/no":
        yes, all_of_them = rounded_count(int(recorded.sum())) or 0, rounded_count(len(recorded)) or 0
        return BaselineCell(figures=[yes, min(yes / all_of_them, 1.0) if all_of_them else 0.0], missing=missing)
    found = [recorded.mean(), recorded.std()] if one.kind == "mean" else np.percentile(recorded, (50, 25, 75)).tolist()
    return BaselineCell(figures=[round(float(figure), one.digits) + 0.0 for figure in found], missing=missing)


def standardised_difference(first: Floats, second: Floats) -> float | None:
    """First minus second mean in pooled standard deviations, to two decimals; ``None`` without any spread.

    Source: Austin 2009, doi:10.1002/sim.3697.
    """
    pooled_sd = sqrt((float(np.nanvar(first)) + float(np.nanvar(second))) / 2)
    return round(float(np.nanmean(first) - np.nanmean(second)) / pooled_sd, 2) + 0.0 if pooled_sd else None


def _skewness(values: Floats) -> float:
    away, spread = values - values.mean(), float(values.std())
    return float((away**3).mean()) / spread**3 if spread else 0.0


def _label(feature: Feature) -> str:
    return label_of(feature.name, feature.meaning)
