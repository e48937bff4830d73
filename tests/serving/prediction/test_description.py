"""The description of the served model: its rules, development cohort, performance and scales."""

import hashlib
import json
from pathlib import Path

import pytest

from features.catalogue import catalogue
from features.protocol.document import Landmark, Protocol, RemissionRule
from features.protocol.instruments import Instrument
from features.protocol_reading import parse_protocol
from models.bundle import BundleRefusedError
from models.performance import (
    PERFORMANCE,
    LandmarkPerformance,
    MeasuredPerformance,
    Performance,
    PerformanceFigure,
    QuestionPerformance,
)
from serving.contract.description import ModelDescription
from serving.openapi.schemas import component_schemas
from serving.prediction.description import NO_PROMOTION, describe_instruments, describe_model, read_performance
from tests.features.own_features import FORTNIGHT
from tests.serving.bundles import NOTE, stored, toy_bundle, with_applicability, without
from tests.serving.servers import Server

BUNDLE = "b" * 64
PERFORMANCE_OF_IT = Performance(
    bundle_digest=BUNDLE,
    measured=(
        MeasuredPerformance(
            kind="held out",
            run_id="a1b2",
            evidence_digest="e" * 64,
            cohort="simulated",
            cohort_digest="c" * 64,
            patients=2500,
            sites=8,
            synthetic=True,
            held_out="sites",
            caveats=("FittedScore from a synthetic cohort.",),
            landmarks=(
                LandmarkPerformance(
                    landmark="before session 1",
                    questions=(
                        QuestionPerformance(
                            question="relapse by day 84",
                            head="relapse",
                            horizon_days=84,
                            patients=473,
                            events=120,
                            observed_rate=0.2458,
                            auc=PerformanceFigure(0.71, 0.66, 0.75),
                            calibration_slope=PerformanceFigure(None, None, None),
                            observed_to_expected=PerformanceFigure(1.02, 0.9, 1.15),
                            brier=PerformanceFigure(0.17, 0.16, 0.19),
                            ipa=None,
                        ),
                    ),
                    relapse_c_index=PerformanceFigure(0.63, 0.59, 0.67),
                ),
            ),
        ),
    ),
    not_readable=("the evaluation on elsewhere: the evidence is lost",),
)


def described(performance: Performance | None = None, protocol: Protocol | None = None) -> ModelDescription:
    return describe_model(toy_bundle(protocol), "3", "a1b2", performance)


def test_it_names_the_model_its_rules_and_what_it_is_for(tmp_path: Path) -> None:
    bundle = stored(toy_bundle(), tmp_path / "bundle")
    model = describe_model(bundle, "3", "a1b2", None)
    assert (model.version, model.run_id, model.bundle_digest) == ("3", "a1b2", bundle.digest)
    assert (model.protocol.name, model.protocol.digest) == ("kap", Protocol().digest)
    assert model.protocol.horizons_days == [84, 182]
    assert (model.protocol.remission.window_days, model.protocol.relapse.rule) == ((7, 31), "score")
    assert "not a medical device" in model.not_a_medical_device
    assert "clinician" in model.intended_use
    assert model.synthetic
    assert "says nothing about real" in model.learned_from


def test_every_landmark_says_what_a_record_needs_to_reach_it() -> None:
    landmarks = (*Protocol().landmarks, Landmark("day 61", day=61))
    model = described(protocol=Protocol(landmarks=landmarks))
    assert [one.name for one in model.landmarks] == [one.name for one in landmarks]
    needs = {one.name: one.needs for one in model.landmarks}
    assert "dosing session 1 to be recorded" in needs["before session 2"]
    assert "dosing sessions 1 to 2" in needs["before session 3"]
    assert "as_of_day to be 61 or later" in needs["day 61"]
    assert (model.landmarks[2].before_session, model.landmarks[2].else_days, model.landmarks[3].day) == (3, 14, 61)


def test_every_head_says_whom_it_was_fitted_on_and_whether_it_answers() -> None:
    heads = described().landmarks[0].heads
    assert (heads["remission"].patients, heads["remission"].events, heads["remission"].winner) == (400, 150, "logistic")
    assert heads["relapse"].note == NOTE
    assert heads["remission"].answers
    fitted_on = describe_model(without(toy_bundle(), "remission"), "3", "a1b2", None).landmarks[0].heads
    assert (fitted_on["remission"].answers, fitted_on["relapse"].answers) == (False, True)
    at_landmark = Protocol(landmarks=(Landmark("day 61", day=61),), remission=RemissionRule(at_landmark=True))
    assert described(protocol=at_landmark).landmarks[0].heads.keys() == {"relapse"}


def test_it_says_which_share_of_the_training_patients_was_like_the_others() -> None:
    proportions = describe_model(with_applicability(toy_bundle()), "3", "a1b2", None).landmarks[0].applicability
    assert proportions is not None
    assert (proportions.inside, proportions.at_the_edge, proportions.outside) == (0.96, 0.04, 0.0)
    assert described().landmarks[0].applicability is None


def test_every_feature_is_described_with_its_meaning_unit_and_range() -> None:
    described_features = {one.name: one for one in described().features}
    assert list(described_features) == [feature.name for feature in catalogue(Protocol())]
    age = described_features["age_years"]
    assert (age.unit, age.minimum, age.maximum, age.group) == ("years", 10, 110, "patient context")
    assert all(one.meaning for one in described_features.values())


def test_performance_is_given_with_its_intervals_and_what_can_not_be_given_is_said() -> None:
    model = json.loads(described(PERFORMANCE_OF_IT).model_dump_json())
    landmark = model["performance"]["measured"][0]["landmarks"][0]
    assert landmark["relapse_c_index"] == {"estimate": 0.63, "low": 0.59, "high": 0.67}
    assert landmark["questions"][0]["auc"] == {"estimate": 0.71, "low": 0.66, "high": 0.75}
    assert model["notes"] == ["the evaluation on elsewhere: the evidence is lost", NO_PROMOTION]


def test_a_model_without_performance_says_so() -> None:
    model = described()
    assert model.performance is None
    assert "it was promoted by an earlier version" in model.notes[0]


def promoted(entry: Path, document: bytes, **changes: str) -> dict[str, str]:
    """A folder of the model store with a performance file, and what the store keeps about it."""
    (entry / PERFORMANCE).write_bytes(document)
    digest = hashlib.sha256(document).hexdigest()
    return {"bundle_digest": BUNDLE, "performance_digest": digest} | changes


def test_performance_is_read_as_it_was_promoted(tmp_path: Path) -> None:
    metadata = promoted(tmp_path, PERFORMANCE_OF_IT.as_json().encode())
    assert read_performance(tmp_path, metadata) == PERFORMANCE_OF_IT


def test_a_model_that_was_promoted_without_performance_has_none(tmp_path: Path) -> None:
    assert read_performance(tmp_path, {"bundle_digest": BUNDLE}) is None


@pytest.mark.parametrize("damage", ["changed", "lost", "added", "of another bundle", "of another form"])
def test_performance_that_is_not_as_it_was_promoted_is_refused(tmp_path: Path, damage: str) -> None:
    document = PERFORMANCE_OF_IT.as_json().encode()
    metadata = promoted(tmp_path, document)
    if damage == "changed":
        (tmp_path / PERFORMANCE).write_bytes(document.replace(b"0.71", b"0.91"))
    elif damage == "lost":
        (tmp_path / PERFORMANCE).unlink()
    elif damage == "added":
        del metadata["performance_digest"]
    elif damage == "of another bundle":
        metadata["bundle_digest"] = "a" * 64
    else:
        metadata = promoted(tmp_path, document.replace(b'"head"', b'"tail"'))
    with pytest.raises(BundleRefusedError, match=PERFORMANCE):
        read_performance(tmp_path, metadata)


def test_every_scale_is_described_with_what_it_decides_and_the_source_of_its_numbers() -> None:
    instruments = describe_instruments(Protocol())
    by_name = {scale.name: scale for scale in instruments.instruments}
    assert instruments.primary == list(Protocol().remission.instruments)
    assert [name for name, scale in by_name.items() if scale.decides_outcomes] == instruments.primary
    gad7 = by_name["gad7"]
    assert (gad7.minimum, gad7.maximum, gad7.remission_at_most, gad7.relapse_at_least) == (0, 21, 4, 10)
    assert gad7.reliable_change == 6
    assert [(band.from_score, band.name) for band in gad7.bands][1] == (5, "mild")
    assert (by_name["cadss"].kind, by_name["cadss"].remission_at_most) == ("experience", None)
    assert all(scale.source for scale in instruments.instruments)


def test_the_scales_of_a_study_are_described_and_its_own_numbers_go_first() -> None:
    own = Instrument("gad7", "GAD-7 as in the study", 0, 21, 7, 10, 5, source="the study")
    study = Protocol(name="study", own_instruments=(own,), remission=RemissionRule(instruments=("gad7",)))
    instruments = describe_instruments(study)
    assert (instruments.protocol, instruments.protocol_digest, instruments.primary) == ("study", study.digest, ["gad7"])
    (gad7,) = [scale for scale in instruments.instruments if scale.name == "gad7"]
    assert (gad7.remission_at_most, gad7.source) == (7, "the study")


def test_a_scale_has_the_loinc_codes_by_which_fhir_names_it() -> None:
    by_name = {scale.name: scale.loinc for scale in describe_instruments(Protocol()).instruments}
    gad7 = by_name["gad7"]
    assert (gad7.panel, gad7.total, len(gad7.items)) == (("69737-5",), ("70274-6",), 7)
    assert by_name["phq9"].items[8] == "44260-8", "item 9, in the order of the form"
    assert by_name["pcl5"].total == ("101698-9",)
    assert (by_name["hama"].panel, by_name["hama"].total, by_name["hama"].items) == ((), (), ())


def test_both_are_answered_over_http(server: Server) -> None:
    model, scales = server.client.get("/v1/model").json(), server.client.get("/v1/instruments").json()
    assert (model["version"], model["run_id"], model["protocol"]["name"]) == ("3", "a1b2", "kap")
    assert len(model["bundle_digest"]) == 64
    assert model == json.loads(ModelDescription.model_validate_json(json.dumps(model)).model_dump_json())
    assert scales == json.loads(describe_instruments(Protocol()).model_dump_json())


def test_a_feature_of_the_study_is_described_and_asks_for_no_further_field() -> None:
    protocol = parse_protocol(FORTNIGHT)
    assert described(protocol=protocol).features[-1].name == "lowest_gad7_first_fortnight"
    assert component_schemas(protocol) == component_schemas(Protocol())
