"""The table of scores has the figures of each instrument, in all and per site, and none of a few patients."""

import numpy as np

from features.records.cohort import Cohort
from tests.cohorts import cohort_of, random_cohort
from training.plausibility.score_table import ScoreGroup, render_scores, score_table


def at_sites(**patients: int) -> Cohort:
    """A rating of each patient at these sites: 0, 1, 2 ... on the GAD-7."""
    people = [f"{site}{n} {site}" for site, count in patients.items() for n in range(count)]
    rows = [f"{person.split()[0]} 0 gad7 {number % 22}" for number, person in enumerate(people)]
    return cohort_of(
        patients="\n".join(["patient_id site_id", *people]),
        assessments="\n".join(["patient_id day instrument score", *rows]),
    )


def test_figures_are_those_that_numpy_and_a_count_give() -> None:
    cohort = random_cohort(np.random.default_rng(8), 300)
    rows = cohort.assessments
    for scores in score_table(cohort):
        of = rows.where(rows["instrument"] == cohort.protocol.instrument_names.index(scores.instrument))
        score = of.numbers("score")
        assert (scores.whole.ratings, scores.whole.patients) == (len(score), len(set(of.patient.tolist())))
        if scores.whole.figures is None:
            assert scores.whole.patients < 10
            continue
        quartiles = [float(np.percentile(score, share)) for share in (25, 50, 75)]
        assert list(scores.whole.figures.quantiles) == [score.min(), *quartiles, score.max()]
        assert scores.whole.figures.at_minimum == sum(score == scores.minimum) / len(score)
        assert scores.whole.figures.at_maximum == sum(score == scores.maximum) / len(score)
        assert sum(site.ratings for site in scores.sites) == sum(cohort.site[of.patient] >= 0)


def test_a_site_of_fewer_than_ten_patients_has_counts_and_no_figures() -> None:
    (scores,) = score_table(at_sites(a=30, b=9, c=10, d=3))
    shown = {site.site: site.figures is not None for site in scores.sites}
    assert shown == {"a": True, "b": False, "c": True, "d": False}
    assert scores.sites[1] == ScoreGroup("b", 9, 9, None)


def test_no_figures_follow_by_subtraction() -> None:
    """Only 9 patients would be hidden, so the smallest of the others is hidden too."""
    (scores,) = score_table(at_sites(a=30, b=9, c=10))
    assert [site.figures is not None for site in scores.sites] == [True, False, False]


def test_nine_patients_in_all_have_no_figures() -> None:
    assert score_table(at_sites(a=9))[0].whole.figures is None
    assert score_table(at_sites(a=10))[0].whole.figures is not None


def test_the_text_fits_a_terminal_and_says_why_figures_are_absent() -> None:
    table = score_table(at_sites(a_site_with_a_name_that_is_long=22, b=9))
    lines = render_scores(table, by_site=True)
    assert [" ".join(line.split()) for line in lines] == [
        "Scores (range of the scale) ratings patients lowest quartiles highest at lowest at highest",
        "gad7 (0 to 21) 31 31 0 3.5 7 13.5 21 6% 3%",
        "a_site_with_a_name... 22 22 too few patients for figures",
        "b 9 9 too few patients for figures",
    ]
    assert max(map(len, lines)) <= 100
    assert len(render_scores(table)) == 2
    assert render_scores(score_table(cohort_of(patients="patient_id\na"))) == []
