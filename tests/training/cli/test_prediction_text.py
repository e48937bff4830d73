import copy
import datetime as dt
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from serving.prediction.offline import predict_json
from tests.serving.bundles import toy_bundle
from tests.serving.dated_records import as_utc, in_dates
from tests.serving.requests import EXAMPLE
from training.average_risk import AVERAGE_RISK
from training.cli.app import main
from training.cli.texts.prediction_text import as_text

TOO_FEW = "the rarer outcome has 7 of 400 patients, and a model needs 20"


def _contribution(feature: str, meaning: str, unit: str, value: float | None, contribution: float) -> dict[str, Any]:
    return {"feature": feature, "meaning": meaning, "unit": unit, "value": value, "contribution": contribution}


ANSWER: dict[str, Any] = {
    "outcome": "predicted",
    "prediction_id": "x",
    "model": {"version": "3", "bundle_digest": "c5e99e9f9d5ad0dc", "synthetic": True},
    "landmark": {"name": "before session 2", "day": 7, "date": None},
    "applicability": {"verdict": "inside", "reasons": []},
    "remission": {"probability": 0.344, "interval_90": None},
    "relapse": {
        "curve": [],
        "at_horizons": [
            {"days": 84, "probability": 0.25, "interval_90": None},
            {"days": 182, "probability": 0.412, "interval_90": None},
        ],
    },
    "sustained_remission": [
        {"horizon_days": 84, "probability": 0.25, "interval_90": None},
        {"horizon_days": 182, "probability": 0.2, "interval_90": {"low": 0.121, "high": 0.309}},
    ],
    "reasons": {
        "remission": {
            "log_odds": -0.6,
            "start": 0.0,
            "contributions": [
                _contribution("distance_to_remission", "Points to go; negative inside.", "points", 7.0, -0.9),
                _contribution("change_share", "Change so far.", "share", 0.254, 0.4),
                _contribution("comorbid_ptsd", "PTSD besides.", "no/yes", 0.0, 0.1),
                _contribution("age_years", "Age at day 0.", "years", None, -0.05),
            ],
        },
        "relapse": {"log_odds": -3.0, "start": -3.0, "contributions": []},
    },
    "not_recorded": ["age_years"],
    "not_used": {"sessions": 1, "assessments": 0, "events": 0},
    "notes": [f"relapse: {TOO_FEW}: {AVERAGE_RISK}"],
    "cautions": [],
}
CAUTIONS = [
    {"code": "opioid_use", "message": "The use of an opioid is recorded: weigh sedation.", "source": "label"},
    {"code": "adverse_event", "message": "An adverse event is recorded: weigh what it was.", "source": "judgement"},
]
SAID_OF_CAUTIONS = (
    "CAUTIONS, whatever the numbers say: The use of an opioid is recorded: weigh sedation. "
    "An adverse event is recorded: weigh what it was."
)


def _words(**changes: Any) -> str:
    return " ".join(as_text(copy.deepcopy(ANSWER) | changes).split())


@pytest.mark.parametrize(
    "said",
    [
        "Of 100 patients like this one, about 34 reach remission.",
        "Of 100 patients of the cohort in remission, about 25 relapse within 84 days and about 41 within 182 days.",
        "Of 100 patients like this one, about 20 reach remission and stay well for 182 days (90% interval 12-31).",
        # early response: -0.9 + 0.4; patient context: 0.1; and what is not recorded apart
        "(above 0: more likely): early response -0.50, patient context +0.10, not recorded -0.05.",
        "Largest features that raise it: relative improvement since baseline (25%); comorbid PTSD (no).",
        "Largest features that lower it: distance from the latest rating to the remission band (7 points).",
        f"For relapse, {AVERAGE_RISK}. It has no number for this patient alone: {TOO_FEW}. Of 100 patients like",
        "Model version 3 (bundle c5e99e9f9d5a) answered at the landmark 'before session 2', day 7.",
        "1 of the model's features was not recorded.",
        "1 record after the landmark was not used.",
        "SYNTHETIC",
        "neither medical advice nor a medical device",
    ],
)
def test_the_words_say(said: str) -> None:
    assert said in _words()


def test_for_a_record_in_dates_the_words_say_the_date_of_the_landmark() -> None:
    dated = {"name": "before session 2", "day": 7, "date": "2026-10-14"}
    assert "answered at the landmark 'before session 2', on 2026-10-14 (day 7)." in _words(landmark=dated)


NO_BETTER = "no candidate predicted held-out patients better than the average"
NO_CONTRIBUTIONS = {head: ANSWER["reasons"][head] | {"contributions": []} for head in ("remission", "relapse")}
AVERAGES: dict[str, Any] = {
    "reasons": NO_CONTRIBUTIONS,
    "notes": [f"remission: {NO_BETTER}: {AVERAGE_RISK}", f"relapse: {NO_BETTER}: {AVERAGE_RISK}"],
}


def test_an_answer_that_is_the_average_of_all_patients_begins_with_that_and_says_it_once() -> None:
    words = _words(**AVERAGES)
    opening = f"For remission and relapse, {AVERAGE_RISK}. It has no number for this patient alone: {NO_BETTER}."
    assert words.startswith(f"{opening} Of 100 patients of the cohort, about 34 reach remission. Of 100 such patients")
    assert words.count(AVERAGE_RISK) == words.count(NO_BETTER) == 1
    assert "like this one" not in words
    assert "Contributions" not in words


def test_two_causes_of_an_average_are_both_said() -> None:
    notes = [AVERAGES["notes"][0], f"relapse: {TOO_FEW}: {AVERAGE_RISK}; later days are not predicted"]
    words = _words(**AVERAGES | {"notes": notes})
    assert f"For remission and relapse, {AVERAGE_RISK}. It has no number for this patient alone: " in words
    assert f"alone: for remission, {NO_BETTER}; for relapse, {TOO_FEW}." in words
    assert "Note on relapse: later days are not predicted." in words
    assert words.count(TOO_FEW) == 1


def test_a_number_that_a_feature_moves_is_not_called_the_average_whatever_a_note_says() -> None:
    assert AVERAGE_RISK not in _words(notes=AVERAGES["notes"][:1]).partition("Note")[0]


def test_a_number_that_no_feature_moves_is_not_called_the_average() -> None:
    words = _words(reasons=NO_CONTRIBUTIONS, notes=[])
    assert AVERAGE_RISK not in words
    assert "For remission, no feature of this patient moves the number." in words
    assert words.startswith(
        "Of 100 patients like this one, about 34 reach remission. Of 100 such patients in remission"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"notes": []}, "The numbers are less certain than for other patients."),
        ({}, "The numbers for remission are less certain than for other patients."),
        (AVERAGES, "The average of the cohort may not hold for such a patient."),
    ],
)
def test_only_a_number_of_the_patient_is_called_less_certain_at_the_edge(changes: dict[str, Any], said: str) -> None:
    edge = {"verdict": "at_the_edge", "reasons": [{"code": "x", "feature": None, "message": "age"}]}
    words = _words(applicability=edge, **changes)
    assert f"at the edge of the training patients: age. {said}" in words
    assert ("less certain" in words) == ("less certain" in said)


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.0, "fewer than 1"),
        (0.004, "fewer than 1"),
        (0.006, "about 1"),
        (0.994, "about 99"),
        (0.996, "more than 99"),
    ],
)
def test_nothing_is_called_certain_or_impossible(probability: float, said: str) -> None:
    assert f"patients like this one, {said} reach" in _words(
        remission={"probability": probability, "interval_90": None}
    )


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.2801, 0.4099, "28-41"),  # rounded outwards
        (0.3439, 0.3441, "34-35"),
        (0.0, 1.0, "0-100"),
    ],
)
def test_a_number_comes_with_its_interval_and_what_that_means(low: float, high: float, said: str) -> None:
    words = _words(remission={"probability": 0.344, "interval_90": {"low": low, "high": high}})
    assert f"Of 100 patients like this one, about 34 reach remission (90% interval {said})." in words
    assert "90% interval: how much the estimate would vary with other training patients" in words
    assert "It does not say what will happen to this patient." in words


def test_without_intervals_none_are_explained() -> None:
    plain = [entry | {"interval_90": None} for entry in ANSWER["sustained_remission"]]
    assert "90% interval" not in _words(sustained_remission=plain)
    assert "90% interval:" in _words()


def test_the_intervals_of_several_horizons_stand_together() -> None:
    low_high = [(0.171, 0.569), (0.251, 0.712)]
    horizons = [
        risk | {"interval_90": {"low": low, "high": high}}
        for risk, (low, high) in zip(ANSWER["relapse"]["at_horizons"], low_high, strict=True)
    ]
    words = _words(relapse={"curve": [], "at_horizons": horizons})
    assert "about 25 relapse within 84 days and about 41 within 182 days (90% intervals 17-57 and 25-72)." in words


def test_a_patient_at_the_edge_is_flagged_with_the_reasons() -> None:
    messages = [
        "age is outside the range of the training patients",
        "the combination of values is unlike that of others",
    ]
    reasons = [{"code": "x", "feature": None, "message": message} for message in messages]
    words = _words(applicability={"verdict": "at_the_edge", "reasons": reasons})
    assert f"CAUTION: this patient is at the edge of the training patients: {'; '.join(messages)}." in words
    assert "CAUTION" not in _words()
    assert "CAUTION" not in _words(applicability=None)


def test_where_everyone_is_in_remission_only_relapse_is_spoken_of() -> None:
    words = _words(remission=None, reasons={"remission": None, "relapse": ANSWER["reasons"]["relapse"]})
    assert "reach remission" not in words
    assert "Contributions to remission" not in words
    assert "about 41 within 182 days" in words


def test_a_head_that_was_not_fitted_is_left_out() -> None:
    unknown = [{"horizon_days": 84, "probability": None, "interval_90": None}]
    words = _words(
        relapse=None,
        sustained_remission=unknown,
        reasons={"remission": ANSWER["reasons"]["remission"], "relapse": None},
    )
    assert "about 34 reach remission" in words
    assert "stay well" not in words
    assert "relapse within" not in words


def test_real_patients_are_not_called_synthetic() -> None:
    assert "SYNTHETIC" not in _words(model=ANSWER["model"] | {"synthetic": False})


def test_cautions_are_said_with_the_numbers_and_without_them() -> None:
    assert SAID_OF_CAUTIONS in _words(cautions=CAUTIONS)
    assert SAID_OF_CAUTIONS in _not_predictable(None, cautions=CAUTIONS)
    assert "CAUTIONS" not in _words()
    assert "CAUTIONS" not in _not_predictable(None)


def _not_predictable(remedy: str | None, **changes: Any) -> str:
    message = "before session 2: no primary instrument was rated at baseline"
    answer = {
        "outcome": "not_predictable",
        "prediction_id": "x",
        "model": ANSWER["model"],
        "reasons": [{"code": "no_baseline", "message": message, "remedy": remedy}],
        "applicability": None,
        "cautions": [],
    }
    return " ".join(as_text(answer | changes).split())


def test_what_is_not_predictable_says_what_would_help_where_something_would() -> None:
    assert "at baseline. What to do: record a rating of gad7." in _not_predictable("record a rating of gad7")
    assert "What to do" not in _not_predictable(None)


def test_what_is_not_predictable_says_why() -> None:
    words = _not_predictable(None)
    assert words.startswith(
        "No prediction is possible for this record. Reason: before session 2: no primary instrument was rated"
    )
    assert "neither medical advice" in words


@pytest.fixture
def record_in_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A record whose moments are all on the day before in UTC, for a model that is registered elsewhere."""
    monkeypatch.setattr("training.registry.release.load_registered", lambda _: (toy_bundle(), "3"))
    path = tmp_path / "patient.json"
    written = as_utc(dt.time(0, 15), ZoneInfo("Europe/Berlin"))
    path.write_text(json.dumps(in_dates(EXAMPLE, dt.date(2026, 10, 7), written)), encoding="utf-8")
    return path


def test_kap_predict_reads_dates_on_the_calendar_of_the_setting(
    record_in_utc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAP_TIME_ZONE", "Europe/Berlin")
    answer = CliRunner().invoke(main, ["predict", str(record_in_utc)])
    assert json.loads(answer.stdout)["landmark"] == {"name": "before session 3", "day": 14, "date": "2026-10-21"}
    words = CliRunner().invoke(main, ["predict", str(record_in_utc), "--in-words"])
    assert "on 2026-10-21 (day 14)" in " ".join(words.stdout.split())


def test_without_the_setting_kap_predict_says_that_a_time_in_utc_needs_a_zone(
    record_in_utc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAP_TIME_ZONE", raising=False)
    refused = CliRunner().invoke(main, ["predict", str(record_in_utc)])
    assert refused.exit_code != 0
    said = "assessments[0].date: required time_zone, such as Europe/Berlin"
    assert said in " ".join(refused.stderr.split())
    assert "2026-10" not in refused.output


def test_the_example_is_a_record_that_the_service_takes() -> None:
    done = CliRunner().invoke(main, ["predict", "--example"])
    assert done.exit_code == 0, done.output
    answer = predict_json(done.stdout.encode(), toy_bundle(), "1", ZoneInfo("Europe/Berlin"))
    assert answer["outcome"] == "predicted", answer
