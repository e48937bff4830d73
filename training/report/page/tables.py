"""Heads, patients and the run as tables: all numbers, with and without a figure."""

from collections.abc import Iterator, Sequence

from training.evaluation.case_mix_comparison import NOTABLE, CaseMixComparison
from training.evidence.document import (
    Direction,
    Evidence,
    HeadEvidence,
    LandmarkEvidence,
    LandmarkGain,
    Number,
)
from training.learning.choice_text import p_text
from training.report.templating import Table
from training.report.wording import CANDIDATES, count, in_a_sentence, interval, measure_title, number, ordered, percent

_MET = {True: "met", False: "NOT met", None: "can't be computed"}


def heads_table(landmark: LandmarkEvidence) -> Table:
    """What each head is and its measures that belong to no single horizon."""
    rows = [
        (head.head, count(head.n), count(head.events), CANDIDATES.get(head.winner or "", head.winner or "none"),
         "; ".join(f"{measure_title(name)} {interval(head.measures[name], 3)}" for name in ordered(head.measures)),
         head.note)
        for head in landmark.heads
    ]  # fmt: skip
    header = ("head", "patients", "events", "model", "measures over all horizons", "note")
    return Table(f"Heads: {landmark.name}", header, rows, "prose")


def candidates_table(evidence: Evidence, level: float) -> Table:
    """The candidates of every head with the losses by which the winner was chosen, and p beside a level."""
    rows = [
        (
            f"{landmark.name}, {head.head}",
            CANDIDATES.get(candidate.name, candidate.name) + (" (chosen)" if candidate.name == head.winner else ""),
            f"{measure_title(head.loss)} {number(candidate.loss, 4)}",
            interval(candidate.difference, 4),
            number(candidate.z, 1),
            number(None) if candidate.p is None else p_text(candidate.p, level, digits=3),
        )
        for landmark, head in _heads(evidence)
        for candidate in head.candidates
    ]
    header = ("head", "candidate", "held-out loss", "above the best (95% interval)", "t", "one-sided p")
    return Table("Candidates", header, rows, "wide")


def sample_size_table(evidence: Evidence) -> Table:
    """Patients required and available per head, by the criteria of Riley and colleagues."""
    rows = []
    for landmark, head in _heads(evidence):
        size = head.sample_size
        if size:
            criteria = "; ".join(f"{name.replace('_', ' ')} {needed:,}" for name, needed in size.criteria.items())
            required = "can't be computed" if size.required is None else f"{size.required:,}"
            found = (str(size.parameters), required, f"{size.patients:,}", f"{size.events:,}", _MET[size.met])
            rows.append((f"{landmark.name}, {head.head}", *found, criteria or "-"))
    header = ("head", "parameters", "patients required", "available", "events", "verdict", "by criterion")
    return Table("Sample size", header, rows, "prose")


def instability_table(evidence: Evidence) -> Table:
    """How far a patient's probability moves when the model is refitted on a bootstrap sample."""
    rows = [
        (f"{landmark.name}, {head.head}", str(found.refits), percent(found.mean_absolute_change, 1),
         percent(found.median_width, 1), percent(found.share_moving_over_ten_points))
        for landmark, head in _heads(evidence)
        if (found := head.instability)
    ]  # fmt: skip
    header = ("head", "refits", "mean change (points)", "median width (points)", "patients moving over 10 points")
    return Table("Instability", header, rows)


def _heads(evidence: Evidence) -> Iterator[tuple[LandmarkEvidence, HeadEvidence]]:
    return ((landmark, head) for landmark in evidence.landmarks for head in landmark.heads)


def gains_table(landmark: LandmarkEvidence) -> Table:
    """What the landmark adds over the one before, on the patients predicted at both."""
    return Table(
        f"Gain over the landmark before: {landmark.name}",
        ("head", "over", "patients", "difference of measures (this minus that, 95% interval)"),
        [_gain_row(gain) for gain in landmark.gains],
        "prose",
    )


def case_mix_table(landmark: LandmarkEvidence) -> Table:
    """The patients analysed at one landmark, by feature, with percentiles."""
    rows = [
        (
            *(row.name, row.unit, count(row.recorded), percent(row.missing_share), number(row.mean)),
            *(number(row.sd), number(row.q05), number(row.q50), number(row.q95)),
        )
        for row in landmark.case_mix
        if row.recorded
    ]
    header = ("feature", "unit", "recorded", "missing", "mean", "SD", "5%", "median", "95%")
    return Table(f"Patients analysed: {landmark.name}", header, rows)


def compared_tables(rows: Sequence[CaseMixComparison]) -> list[Table]:
    """Patients of development and validation side by side, a table per landmark (item 20c of TRIPOD+AI).

    Features that are missing for all patients of both cohorts at a landmark are left out.
    """
    header = ("feature", "unit", "development mean (SD)", "missing", "validation mean (SD)", "missing",
              "standardised difference")  # fmt: skip
    known = [row for row in rows if min(row.development_missing_share, row.validation_missing_share) < 1]
    landmarks = dict.fromkeys(row.landmark for row in known)
    return [
        Table(
            f"Development and validation: {landmark}",
            header,
            [_compared_row(row) for row in known if row.landmark == landmark],
        )
        for landmark in landmarks
    ]


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


def leakage_table(evidence: Evidence) -> Table:
    """The leakage checks."""
    rows = [
        (check.name, check.verdict, check.required, check.seen_in_full, ", ".join(check.named) or "-")
        for check in evidence.leakage
    ]
    return Table("Leakage checks", ("check", "verdict", "required", "seen", "named"), rows, "prose")


def directions_table(evidence: Evidence) -> Table:
    """The change of the answers when a clinical fact changes by one step."""
    header = ("landmark", "step", "answer", "expected", "patients", "against", "farthest against (points)",
              "median move (points)")  # fmt: skip
    rows = [_direction_row(found) for found in evidence.directions]
    return Table("Directions: one clinical fact changed at a time", header, rows, "prose")


def _direction_row(found: Direction) -> tuple[str, ...]:
    answer = found.head if found.horizon_days is None else f"relapse by day {found.horizon_days}"
    moves = (percent(found.largest_against, 1), percent(found.median_move, 1))
    return found.landmark, found.meaning, answer, found.expected, count(found.patients), f"{found.against:,}", *moves


def _gain_row(gain: LandmarkGain) -> tuple[str, str, str, str]:
    found = [f"{measure_title(name)} {interval(gain.measures[name], 3)}" for name in ordered(gain.measures)]
    return gain.head, gain.before, count(gain.n), in_a_sentence(found)
