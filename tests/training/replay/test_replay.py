"""A candidate predicts for the logged rows; changed answers and rows left out are reported."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.catalogue import fingerprint
from features.protocol.document import Covariate, Landmark, Protocol
from models.bundle import Bundle, load_bundle
from models.outcomes import expit
from tests.serving.bundles import toy_bundle, wavering, with_applicability, without
from tests.serving.logs import SECRET
from tests.serving.requests import Document, example
from tests.training.lost_worker import worker_lost_at_work
from tests.training.prediction_logs import PredictionLog, ServedBundle, draft_of
from tests.training.registries import Registry, in_use
from training.audit.bundle_lookup import Origin
from training.cli.app import main
from training.execution.cluster import on_cluster
from training.registry.names import MODEL_NAME
from training.replay import replay as replaying
from training.replay.replay import Replay, replay, write_answers
from training.replay.rows import LoggedAnswer, Refusal, RefusalReason
from training.replay.summary import Changes, Crossing, summarise

SHIFT = 0.7
BUNDLE = replace(toy_bundle(), digest="b" * 64)
READINESS = Covariate("readiness", "number", "readiness for a change", 0, 10)


def shifted(bundle: Bundle, by: float = SHIFT) -> Bundle:
    """The same bundle with the log-odds of remission higher by so much."""
    models = [replace(model, remission=replace(model.remission, baseline=0.3 + by)) for model in bundle.models]
    return replace(bundle, models=tuple(models))


def patient(name: str = "c1-0042", **columns: Any) -> Document:
    return example(patient={"patient_ref": name, "age_years": 41, "diagnosis": "gad"} | columns)


def logged(bundle: Bundle, document: Document, **changes: Any) -> LoggedAnswer:
    """What the log would hold of an answer."""
    draft = draft_of(ServedBundle(bundle, "3", "a1b2"), document)
    names = [name for name in LoggedAnswer.__dataclass_fields__ if name != "at"]
    held = {name: getattr(draft, name) for name in names} | {"at": "2030-01-01T00:00:00.000000+00:00"}
    return LoggedAnswer(**(held | changes))


def origin(bundle: Bundle) -> Origin:
    return Origin(bundle.protocol, fingerprint(bundle.protocol))


def asked(candidate: Bundle, *answers: LoggedAnswer, then: Bundle = BUNDLE) -> Replay:
    return replay(candidate, answers, lambda _: origin(then))


def whole(found: Replay, differ_by: float = 0.05) -> Changes:
    """The changes over all predictions."""
    return summarise(found, differ_by).changes[0]


def test_the_model_that_answered_gives_every_answer_again() -> None:
    bundle = replace(wavering(with_applicability(toy_bundle())), digest="b" * 64)
    found = asked(bundle, *(logged(bundle, patient(age_years=age)) for age in (41, 61, 92)), then=bundle)
    assert found.questions == ("remission", "relapse_84", "relapse_182", "sustained_84", "sustained_182")
    for name in ("outcome", "applicability", *found.questions):
        before, now = found.answers[f"{name}_before"], found.answers[f"{name}_now"]
        assert before.equals(now), name
    assert found.answers["applicability_now"].tolist() == ["inside", "at_the_edge", "outside"]
    assert found.answers["remission_now"].isna().tolist() == [False, False, True]
    assert found.left_out == {}
    assert whole(found, 0.0).differ == 0
    assert summarise(found, 0.0).largest == ()


def test_a_change_of_the_candidate_is_seen_in_the_questions_that_it_touches() -> None:
    answers = [logged(BUNDLE, patient(f"p{age}", age_years=age)) for age in range(20, 60, 4)]
    found = asked(shifted(BUNDLE), *answers)
    before, now = (found.answers[f"remission_{end}"].to_numpy() for end in ("before", "now"))
    assert now == pytest.approx(expit(np.log(before / (1 - before)) + SHIFT))
    summary = summarise(found, 0.05)
    by_question = {change.question: change for change in summary.changes[0].questions}
    change = np.sort(now - before)
    remission = by_question["remission"]
    assert (remission.both, remission.differ) == (10, 10)
    assert remission.mean == pytest.approx(change.mean())
    assert (remission.quantiles[0], remission.quantiles[-1]) == pytest.approx((change[0], change[-1]))
    assert remission.quantiles[3] == pytest.approx(np.median(change))
    assert by_question["relapse_84"].quantiles == (0.0,) * 7
    sustained = found.answers["sustained_84_now"] / found.answers["sustained_84_before"]
    assert sustained.to_numpy() == pytest.approx(now / before)
    largest = summary.largest[0]
    most = found.answers.loc[int(np.argmax(now - before))]
    assert (largest.prediction_id, largest.question) == (most["prediction_id"], "remission")
    assert (largest.before, largest.now) == (most["remission_before"], most["remission_now"])


@pytest.mark.parametrize(("differ_by", "differ"), [(-1e-6, 1), (0.0, 1), (1e-6, 0)])
def test_another_answer_is_one_that_changes_by_more_than_is_asked(differ_by: float, differ: int) -> None:
    found = asked(shifted(BUNDLE), logged(BUNDLE, patient()))
    row = found.answers.loc[0]
    change = row["remission_now"] - row["remission_before"]
    exactly = np.nextafter(change, 0) if differ_by == 0 else change + differ_by
    assert whole(found, float(exactly)).differ == differ


def test_the_latest_prediction_of_each_patient_at_each_landmark_is_counted_apart() -> None:
    early = example(sessions=example()["sessions"][:1], as_of_day=5, assessments=example()["assessments"][:1])
    early["events"] = []
    times = [f"2030-01-0{day}T00:00:00.000000+00:00" for day in (1, 3, 2, 1)]
    documents = [patient("A"), patient("A"), patient("A"), patient("B")]
    answers = [logged(BUNDLE, document, at=at) for document, at in zip(documents, times, strict=True)]
    answers.append(logged(BUNDLE, early | {"patient": patient("A")["patient"]}, at=times[0]))
    found = asked(shifted(BUNDLE), *answers)
    assert found.answers["landmark"].tolist() == ["before session 3"] * 4 + ["before session 2"]
    assert found.answers["latest"].tolist() == [False, True, False, True, True]
    assert [changes.predictions for changes in summarise(found, 0.05).changes] == [5, 3]


def test_who_crosses_from_an_answer_to_none_and_between_verdicts_is_counted() -> None:
    answers = [logged(BUNDLE, patient(f"p{age}", age_years=age)) for age in (40, 41, 61, 92)]
    changes = whole(asked(with_applicability(BUNDLE), *answers))
    assert (changes.no_longer, changes.newly) == (1, 0)
    assert changes.crossings == (
        Crossing("not evaluated", "inside", 2),
        Crossing("not evaluated", "at_the_edge", 1),
        Crossing("not evaluated", "outside", 1),
    )
    assert {(change.both, change.only_before, change.only_now) for change in changes.questions} == {(3, 1, 0)}
    evaluated = replace(with_applicability(toy_bundle()), digest="b" * 64)
    back = whole(asked(BUNDLE, logged(evaluated, patient(age_years=92)), then=evaluated))
    assert (back.no_longer, back.newly) == (0, 1)
    assert back.crossings == (Crossing("outside", "not evaluated", 1),)


def test_a_head_that_only_one_model_has_is_reported_by_question() -> None:
    changes = whole(asked(without(BUNDLE, "relapse"), logged(BUNDLE, patient())))
    by_question = {change.question: (change.both, change.only_before, change.only_now) for change in changes.questions}
    assert by_question == {"remission": (1, 0, 0)} | dict.fromkeys(
        ("relapse_84", "relapse_182", "sustained_84", "sustained_182"), (0, 1, 0)
    )
    neither = without(BUNDLE, "remission", "relapse")
    changes = whole(asked(neither, logged(BUNDLE, patient())))
    assert (changes.no_longer, changes.crossings) == (1, (Crossing("not evaluated", "not_predictable", 1),))
    assert whole(asked(BUNDLE, logged(neither, patient()), then=neither)).newly == 1


def test_horizons_are_compared_where_both_models_have_them() -> None:
    longer = toy_bundle(replace(Protocol(), horizons_days=(84, 140)))
    changes = whole(asked(longer, logged(BUNDLE, patient())))
    by_question = {change.question: (change.both, change.only_before, change.only_now) for change in changes.questions}
    assert list(by_question) == [
        "remission",
        *("relapse_84", "relapse_140", "relapse_182"),
        *("sustained_84", "sustained_140", "sustained_182"),
    ]
    assert by_question["relapse_84"] == (1, 0, 0)
    assert by_question["relapse_140"] == (0, 0, 1)
    assert by_question["relapse_182"] == (0, 1, 0)


def test_where_everyone_is_in_remission_nobody_is_given_a_probability_of_it() -> None:
    rule = replace(Protocol().remission, at_landmark=True)
    bundle = replace(toy_bundle(replace(Protocol(), remission=rule)), digest="b" * 64)
    found = asked(bundle, logged(bundle, patient() | {"events": []}), then=bundle)
    assert found.answers["outcome_now"].tolist() == ["predicted"]
    assert "remission" not in found.questions
    assert found.answers["sustained_84_now"].tolist() == found.answers["sustained_84_before"].tolist()


def with_protocol(**changes: Any) -> Bundle:
    return toy_bundle(replace(Protocol(), **changes))


def renamed(name: str) -> tuple[Landmark, ...]:
    return (*Protocol().landmarks[:2], replace(Protocol().landmarks[2], name=name))


WITH_READINESS = with_protocol(covariates=(READINESS,))
OTHER_SCALE = replace(Protocol().instruments["gad7"], remission_at_most=3.0)


@pytest.mark.parametrize(
    ("candidate", "then", "changes", "why"),
    [
        (BUNDLE, BUNDLE, {"row": None, "answer": None, "patient": None}, Refusal(RefusalReason.ERASED)),
        (BUNDLE, BUNDLE, {"row": None}, Refusal(RefusalReason.NO_ROW)),
        (BUNDLE, BUNDLE, {"row": "{"}, Refusal(RefusalReason.UNREADABLE)),
        (BUNDLE, BUNDLE, {"row": '{"age_years": "old"}'}, Refusal(RefusalReason.UNREADABLE)),
        (BUNDLE, BUNDLE, {"row": "[]"}, Refusal(RefusalReason.UNREADABLE)),
        (BUNDLE, BUNDLE, {"answer": "3"}, Refusal(RefusalReason.UNREADABLE)),
        (with_protocol(landmarks=renamed("later")), BUNDLE, {}, Refusal(RefusalReason.NO_LANDMARK)),
        (
            with_protocol(landmarks=(*Protocol().landmarks[:2], Landmark("before session 3", day=61))),
            BUNDLE,
            {},
            Refusal(RefusalReason.OTHER_LANDMARK),
        ),
        (with_protocol(own_instruments=(OTHER_SCALE,)), BUNDLE, {}, Refusal(RefusalReason.OTHER_SCALES)),
        (with_protocol(acute_max_days=30), BUNDLE, {}, Refusal(RefusalReason.OTHER_SCALES)),
        (WITH_READINESS, BUNDLE, {}, Refusal(RefusalReason.LACKING_FEATURE, ("readiness",))),
        (
            with_protocol(covariates=(replace(READINESS, maximum=100.0),)),
            WITH_READINESS,
            {},
            Refusal(RefusalReason.OTHER_CATALOGUE, ("readiness",)),
        ),
        (
            BUNDLE,
            WITH_READINESS,
            {"row": '{"age_years": 41, "readiness": 5}'},
            Refusal(RefusalReason.UNKNOWN_FEATURE, ("readiness",)),
        ),
    ],
)
def test_who_can_not_be_asked_about_is_counted_by_why(
    candidate: Bundle, then: Bundle, changes: dict[str, Any], why: Refusal
) -> None:
    found = asked(candidate, logged(then, patient(), **changes), logged(then, patient(), **changes), then=then)
    assert found.left_out == {why: 2}
    summary = summarise(found, 0.05)
    assert summary.logged == summary.left_out[0].predictions == 2
    assert (summary.left_out[0].why, summary.left_out[0].features) == (why.why.value, why.features)
    assert [changes_.predictions for changes_ in summary.changes] == [0, 0]


def test_a_covariate_that_was_not_recorded_is_none_that_the_candidate_must_know() -> None:
    found = asked(BUNDLE, logged(WITH_READINESS, patient()), then=WITH_READINESS)
    assert (len(found.answers), found.left_out) == (1, {})


@pytest.mark.parametrize("protocol", [Protocol(), replace(Protocol(), horizons_days=(84,))])
def test_rows_of_an_installation_that_declared_features_otherwise_are_left_out(protocol: Protocol) -> None:
    elsewhere = Origin(protocol, "0" * 64)
    found = replay(BUNDLE, [logged(BUNDLE, patient())], lambda _: elsewhere)
    assert found.left_out == {Refusal(RefusalReason.OTHER_CATALOGUE): 1}


@pytest.mark.parametrize(
    ("candidate", "left_out"),
    [(BUNDLE, {}), (WITH_READINESS, {Refusal(RefusalReason.LACKING_FEATURE, ("readiness",)): 1})],
)
def test_of_a_model_that_is_nowhere_the_names_in_its_answers_decide(
    candidate: Bundle, left_out: dict[Refusal, int]
) -> None:
    found = replay(candidate, [logged(BUNDLE, patient())], lambda _: None)
    assert found.left_out == left_out
    assert found.unknown_models == ("b" * 64,)
    assert asked(BUNDLE, logged(BUNDLE, patient())).unknown_models == ()


def test_what_a_model_understood_is_asked_once() -> None:
    times: list[str] = []

    def origin_of(digest: str) -> Origin:
        times.append(digest)
        return origin(BUNDLE)

    replay(BUNDLE, [logged(BUNDLE, patient())] * 3, origin_of)
    assert times == ["b" * 64]


def test_the_order_is_that_of_the_log_however_many_are_scored_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    early = example(sessions=example()["sessions"][:1], as_of_day=5, assessments=example()["assessments"][:1])
    early["events"] = []
    documents = [patient(age_years=30 + number) if number % 3 else early for number in range(11)]
    answers = [logged(BUNDLE, document) for document in documents]
    at_once = asked(shifted(BUNDLE), *answers).answers
    monkeypatch.setattr(replaying, "AT_ONCE", 2)
    pd.testing.assert_frame_equal(asked(shifted(BUNDLE), *answers).answers, at_once)
    assert at_once["prediction_id"].tolist() == [one.prediction_id for one in answers]


@pytest.mark.slow
def test_processes_and_a_cluster_that_loses_a_worker_write_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "AT_ONCE", 3)
    candidate = with_applicability(shifted(BUNDLE))
    answers = [logged(BUNDLE, patient(str(number), age_years=20 + number)) for number in range(40)]

    def written(name: str, workers: int = 1) -> bytes:
        path = tmp_path / f"{name}.parquet"
        write_answers(replay(candidate, answers, lambda _: origin(BUNDLE), workers), path)
        return path.read_bytes()

    here = written("here")
    assert written("two", workers=2) == here
    with on_cluster("local", 2) as cluster, worker_lost_at_work(cluster.client):
        assert written("cluster") == here


def test_an_empty_log_is_nothing_to_fail_on() -> None:
    found = asked(BUNDLE)
    summary = summarise(found, 0.05)
    assert (summary.logged, summary.left_out, summary.largest) == (0, (), ())
    assert [changes.predictions for changes in summary.changes] == [0, 0]


READ: dict[str, Callable[[Path], pd.DataFrame]] = {".csv": pd.read_csv, ".parquet": pd.read_parquet}


@pytest.mark.parametrize("ending", READ)
def test_both_answers_of_every_prediction_are_written_and_nothing_of_the_patient(tmp_path: Path, ending: str) -> None:
    found = asked(shifted(BUNDLE), logged(BUNDLE, patient(age_years=47)), logged(BUNDLE, patient("B")))
    write_answers(found, tmp_path / f"out{ending}")
    written = READ[ending](tmp_path / f"out{ending}")
    assert list(written.columns[:4]) == ["prediction_id", "at", "landmark", "model_version"]
    assert not set(written.columns) & {*BUNDLE.features, "patient", "row"}
    assert written["remission_now"].tolist() == pytest.approx(found.answers["remission_now"].tolist())
    content = (tmp_path / f"out{ending}").read_bytes()
    assert SECRET.patient("B").encode() not in content


class Candidates(Registry):
    """Version 1 answered; version 2 is bolder about remission and has an applicability domain."""

    def bundle(self, number: int, cohort_digest: str) -> Bundle:
        own = super().bundle(number, cohort_digest)
        return own if number == 1 else with_applicability(shifted(own))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PredictionLog]:
    """Three patients answered by version 1, one twice; one too early; one erased."""
    registry = Candidates(tmp_path_factory.mktemp("replayed"))
    versions = [registry.register(None) for _ in range(2)]
    run_id = registry.client.get_model_version(MODEL_NAME, versions[0]).run_id
    first = ServedBundle(load_bundle(registry.folder / "new" / "1" / "bundle"), "1", run_id)
    kept = PredictionLog(registry.folder / "kap-state")
    kept.folder.mkdir()
    known = [patient("A"), patient("A"), patient("B", age_years=92), patient("C", age_years=61)]
    kept.answer(first, *known, example(sessions=[], as_of_day=-3, assessments=[], events=[]), patient("D"))
    with in_use(registry, registry.folder / "serving"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", registry.address)
        patch.setenv("KAP_STATE", str(kept.folder))
        assert kap("log", "erase", "D", "--by", "Ada", "--reason", "asked for").exit_code == 0
        yield kept


def kap(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(part) for part in arguments], catch_exceptions=False)


@pytest.mark.slow
def test_the_command_says_in_sentences_whose_answer_changes(log: PredictionLog) -> None:
    done = kap("replay", "--model", "2")
    assert done.exit_code == 0, done.output
    said = done.stdout
    assert said.startswith("version 2 repeated 4 of 6 logged predictions")
    assert "1  left out: the content was erased" in said
    assert "1  left out: there was nothing to predict" in said
    assert "Of all predictions (4):" in said
    assert "Of the latest prediction of each patient at each landmark (3):" in said
    assert said.count("1 with a logged prediction only, 0 with a new prediction only") == 2
    assert "2 go from not evaluated to inside" in said
    assert log.ids()[0] in said.partition("the largest changes:")[2]


@pytest.mark.slow
def test_the_command_gives_the_same_numbers_as_json_and_writes_the_answers(log: PredictionLog, tmp_path: Path) -> None:
    done = kap("replay", log.file, "--model", "2", "--json", "--differ-by", "0.3", "--out", tmp_path / "out.csv")
    document = json.loads(done.stdout)
    assert (document["model"], document["logged"], document["differ_by"]) == ("2", 6, 0.3)
    assert [part["predictions"] for part in document["changes"]] == [4, 3]
    assert [part["no_longer"] for part in document["changes"]] == [1, 1]
    assert document["changes"][0]["differ"] == 0
    assert document["unknown_models"] == []
    assert len(pd.read_csv(tmp_path / "out.csv")) == 4


@pytest.mark.slow
@pytest.mark.parametrize("granted", [{"remission": "shadow"}, {"remission": "shadow", "relapse_84": "clinic"}])
def test_an_answer_in_shadow_is_repeated_as_one_that_was_given(
    log: PredictionLog, tmp_path: Path, granted: dict[str, Any]
) -> None:
    bundle = load_bundle(log.folder.parent / "new" / "1" / "bundle")
    own = PredictionLog(tmp_path)
    own.answer(ServedBundle(bundle, "1", "a1b2", {"before session 3": granted}), patient("A"))
    done = kap("replay", own.file, "--model", "1", "--json", "--out", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    answers = pd.read_csv(tmp_path / "out.csv")
    for question in ("remission", "relapse_84", "relapse_182"):
        assert answers[f"{question}_before"].notna().all() == (question in granted)
    assert answers["remission_before"].to_numpy() == pytest.approx(answers["remission_now"].to_numpy())


@pytest.mark.slow
def test_of_a_log_that_was_changed_nobody_is_asked_again(log: PredictionLog, tmp_path: Path) -> None:
    """One answer is changed behind the log's back, and put back at the end."""
    changed = log.ids()[1]
    answer = str(log.entry(changed).answer)
    log.change(changed, answer=answer.replace("0.", "0.9", 1))
    done = kap("replay", log.file, "--model", "2", "--out", tmp_path / "out.csv")
    log.change(changed, answer=answer)
    assert (done.exit_code, done.stdout) == (4, "")
    assert "1 finding" in done.stderr
    assert f"({changed}): its content was changed" in done.stderr
    assert "kap audit log" in done.stderr
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("replay", "--model", "9"), "a registered version of kap-outcomes"),
        (("replay", "nowhere.db", "--model", "1"), "a file that is not there"),
        (("replay", "--model", "1", "--out", "out.txt"), "a name that ends in .csv or .parquet"),
        (("replay", "--model", "1", "--differ-by", "2"), "--differ-by"),
        (("replay",), "--model"),
    ],
)
def test_a_mistake_is_the_users_matter(log: PredictionLog, arguments: tuple[str, ...], expected: str) -> None:
    done = kap(*arguments)
    assert done.exit_code == 2
    assert expected in done.stderr
