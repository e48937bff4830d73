"""The evidence as tables: every figure that a drawing shows, and those that no drawing does."""

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from training.evaluation.case_mix_compared import NOTABLE, CaseMixComparison
from training.evidence.document import (
    Estimate,
    Evidence,
    HeadEvidence,
    LandmarkEvidence,
    LandmarkGain,
    Number,
    Question,
    Subgroup,
)
from training.report.facts import ReportFacts
from training.report.markup import paragraph, table
from training.report.wording import (
    CANDIDATES,
    MEASURES,
    by_chance_alone,
    count,
    group_title,
    interval,
    listed,
    measure_good,
    measure_title,
    number,
    percent,
)

_MET = {True: "met", False: "NOT met", None: "can't be computed"}
_TREATMENTS = {
    "weights": "weighted for those not observed",
    "all-no": "not observed counted as no",
    "excluded": "not observed left out",
    "worse by 0.5": "not observed did worse than predicted by 0.5 on the log-odds",
    "worse by 1.0": "not observed did worse than predicted by 1 on the log-odds",
}


def measures_table(question: Question) -> Markup:
    """All measures of a question with their intervals."""
    rows = [
        (measure_title(name), interval(question.measures[name], 3), _good(name, question.measures[name]))
        for name in _ordered(question.measures)
    ]
    return table(f"All measures: {question.name}", ("measure", "estimate (95% interval)", "good is"), rows)


def _good(name: str, found: Estimate) -> str:
    chance = by_chance_alone(name, found)
    return measure_good(name) + ("" if chance is None else f"; by chance alone up to {number(chance, 3)}")


def sites_table(question: Question) -> Markup:
    """Figures of each site, then the mean over sites and what a new one should expect."""
    header = ("site", "patients", "events", "c-statistic", "calibration in the large", "calibration slope")
    rows = [
        (
            site.site,
            count(site.n),
            count(site.events),
            interval(site.discrimination),
            interval(site.calibration_in_the_large),
            interval(site.calibration_slope),
        )
        for site in question.sites
    ]
    across = [
        (
            measure_title(found.measure),
            str(found.sites),
            interval(found.mean),
            number(found.tau),
            f"{number(found.new_site_low)} to {number(found.new_site_high)}",
        )
        for found in question.across_sites
        if found.mean.estimate is not None
    ]
    over = ("measure", "sites", "random-effects mean", "tau", "a new site should expect (95%)")
    summary = table(f"Over sites: {question.name}", over, across) if across else Markup()
    return table(f"Sites: {question.name}", header, rows) + summary


def subgroups_table(question: Question) -> Markup:
    """Figures of each group; those of fewer than ten have none, and fewer than five events are not counted."""
    benefit = f"net benefit at {percent(question.subgroup_threshold)}"
    header = ("group", "patients", "events", "predicted", "observed", "c-statistic", "in the large", benefit)
    rows = [
        (
            group_title(group),
            *(count(group.n), _group_events(group), percent(group.mean_predicted)),
            *(_or_dash(found) for found in (group.observed, group.discrimination)),
            *(_or_dash(group.calibration_in_the_large), _or_dash(group.net_benefit, 3)),
        )
        for group in question.subgroups
    ]
    return table(f"Groups of patients: {question.name}", header, rows)


def _group_events(group: Subgroup) -> str:
    if group.n is None:
        return "-"
    return "fewer than 5" if group.events is None else count(group.events)


def sensitivity_table(question: Question) -> Markup:
    """The measures under each treatment of outcomes that were not observed."""
    names = _ordered({name for row in question.sensitivity for name in row.measures})
    rows = [
        (_TREATMENTS.get(row.treatment, row.treatment), count(row.n), *(interval(row.measures.get(n)) for n in names))
        for row in question.sensitivity
    ]
    header = ("unobserved outcomes", "patients", *(measure_title(name) for name in names))
    return table(f"Sensitivity to unobserved outcomes: {question.name}", header, rows)


def heads_table(landmark: LandmarkEvidence) -> Markup:
    """What each head is and its measures that belong to no single horizon."""
    rows = [
        (head.head, count(head.n), count(head.events), CANDIDATES.get(head.winner or "", head.winner or "none"),
         "; ".join(f"{measure_title(name)} {interval(head.measures[name], 3)}" for name in _ordered(head.measures)),
         head.note)
        for head in landmark.heads
    ]  # fmt: skip
    header = ("head", "patients", "events", "model", "measures over all horizons", "note")
    return table(f"Heads: {landmark.name}", header, rows, "prose")


def candidates_table(head: HeadEvidence) -> Markup:
    """The candidates side by side, as the choice of the winner saw them."""
    rows = [
        (
            CANDIDATES.get(candidate.name, candidate.name) + (" (chosen)" if candidate.name == head.winner else ""),
            number(candidate.loss, 4),
            interval(candidate.difference, 4),
            number(candidate.z, 1),
            "<0.001" if candidate.p is not None and candidate.p < 0.001 else number(candidate.p, 3),
        )
        for candidate in head.candidates
    ]
    header = ("candidate", f"held-out {measure_title(head.loss)}", "above the best (95% interval)", "t", "one-sided p")
    return table(f"Candidates: {head.head}", header, rows)


def sample_size_table(landmark: LandmarkEvidence) -> Markup:
    """Patients required and available per head, by the criteria of Riley and colleagues."""
    rows = []
    for head in landmark.heads:
        size = head.sample_size
        if size:
            criteria = "; ".join(f"{name.replace('_', ' ')} {needed:,}" for name, needed in size.criteria.items())
            required = "can't be computed" if size.required is None else f"{size.required:,}"
            found = (str(size.parameters), required, f"{size.patients:,}", f"{size.events:,}", _MET[size.met])
            rows.append((head.head, *found, criteria or "-"))
    header = ("head", "parameters", "patients required", "available", "events", "verdict", "by criterion")
    return table(f"Sample size: {landmark.name}", header, rows)


def instability_table(landmark: LandmarkEvidence) -> Markup:
    """How much a patient's probability moves when the model is learned again from a bootstrap sample."""
    rows = [
        (head.head, str(found.refits), percent(found.mean_absolute_change, 1), percent(found.median_width, 1),
         percent(found.share_moving_over_ten_points))
        for head in landmark.heads
        if (found := head.instability)
    ]  # fmt: skip
    header = ("head", "refits", "mean change (points)", "median width (points)", "patients moving over 10 points")
    return table(f"Instability: {landmark.name}", header, rows)


def gains_table(landmark: LandmarkEvidence) -> Markup:
    """What the landmark adds over the one before, on the patients predicted at both."""
    return table(
        f"Gain over the landmark before: {landmark.name}",
        ("head", "over", "patients", "difference of measures (this minus that, 95% interval)"),
        [_gain_row(gain) for gain in landmark.gains],
        "prose",
    )


def case_mix_table(landmark: LandmarkEvidence) -> Markup:
    """The patients analysed, by feature, those that nobody has at this landmark in a sentence; meanings elsewhere."""
    rows = [
        (
            *(row.name, row.unit, count(row.recorded), percent(row.missing_share), number(row.mean)),
            *(number(row.sd), number(row.q05), number(row.q50), number(row.q95)),
        )
        for row in landmark.case_mix
        if row.recorded
    ]
    header = ("feature", "unit", "recorded", "missing", "mean", "SD", "5%", "median", "95%")
    nobody = [row.name for row in landmark.case_mix if not row.recorded]
    told = paragraph(f"Features without a value in any patient here: {listed(nobody)}.", "none") if nobody else Markup()
    return table(f"Patients analysed: {landmark.name}", header, rows) + told


def compared_tables(rows: Sequence[CaseMixComparison]) -> Markup:
    """Patients of development and validation side by side, a table per landmark (item 20c of TRIPOD+AI).

    Features that nobody has in either cohort at a landmark are left out.
    """
    header = ("feature", "unit", "development mean (SD)", "missing", "validation mean (SD)", "missing",
              "standardised difference")  # fmt: skip
    known = [row for row in rows if min(row.development_missing_share, row.validation_missing_share) < 1]
    landmarks = dict.fromkeys(row.landmark for row in known)
    return Markup().join(
        table(
            f"Development and validation: {landmark}",
            header,
            [_compared_row(row) for row in known if row.landmark == landmark],
        )
        for landmark in landmarks
    )


def _compared_row(row: CaseMixComparison) -> tuple[str, ...]:
    difference = row.standardised_difference
    notable = difference is not None and abs(difference) >= NOTABLE
    return (
        *(row.feature, row.unit),
        *(_mean_and_sd(row.development_mean, row.development_sd), percent(row.development_missing_share)),
        *(_mean_and_sd(row.validation_mean, row.validation_sd), percent(row.validation_missing_share)),
        f"{number(difference)}{', notable' if notable else ''}",
    )


def _mean_and_sd(mean: Number, sd: Number) -> str:
    return "-" if mean is None else number(mean) + ("" if sd is None else f" ({number(sd)})")


def leakage_table(evidence: Evidence) -> Markup:
    """The checks of the leakage gate."""
    rows = [
        (check.name, check.verdict, check.required, check.seen_in_full, ", ".join(check.named) or "-")
        for check in evidence.leakage
    ]
    return table("Leakage checks", ("check", "verdict", "required", "seen", "named"), rows, "prose")


def dictionary_table(about: ReportFacts) -> Markup:
    """Every feature: what it means, its range and the sign expected of it."""
    rows = [(row.name, row.meaning, row.unit, row.range, row.expected, row.source) for row in about.features]
    return table("Feature dictionary", ("feature", "meaning", "unit", "range", "expected", "source"), rows, "prose")


def mapping_table(caption: str, values: Mapping[str, str]) -> Markup:
    """Names and values."""
    return table(caption, ("name", "value"), values.items(), "prose")


def reproduction_words(evidence: Evidence) -> Markup:
    """Whether fitting a second time gave the same bytes."""
    found = evidence.refit_check
    if found is None:
        return paragraph("Not tried in this run.")
    same = "gave the same bytes" if found.identical else "did NOT give the same bytes"
    return paragraph(f"Fitting {found.heads} heads a second time {same}.")


def _gain_row(gain: LandmarkGain) -> tuple[str, str, str, str]:
    found = [f"{measure_title(name)} {interval(gain.measures[name], 3)}" for name in _ordered(gain.measures)]
    return gain.head, gain.before, count(gain.n), listed(found)


def _ordered(names: Iterable[str]) -> list[str]:
    """Names in the order of `MEASURES`, unknown ones last."""
    places = {name: place for place, name in enumerate(MEASURES)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def _or_dash(found: Estimate | None, digits: int = 2) -> str:
    return "-" if found is None else interval(found, digits)
