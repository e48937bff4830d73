"""A bundle gives the answers that it was saved with, or is refused."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features import catalogue as declarations
from features.catalogue import catalogue
from features.definitions.patient_context import PatientColumn
from features.definitions.row import write_features
from features.protocol.document import Protocol
from features.records.landmark import KnownAtLandmark
from features.records.timeline import Categories
from models.bundle import Bundle, BundleRefusedError, load_bundle, save_bundle
from models.fitting.learners import TrainingData, fit_xgboost
from models.outcome_model import OutcomeModel
from models.outcomes import Floats, expit
from models.remission import RemissionHead
from models.score import Constant, Trees
from models.settings.sections import TuningSettings
from models.uncertainty import OutcomeRefits
from tests.models.refits import head_refits
from tests.models.training_sets import single_counts
from tests.places import ROOT
from tests.serving.bundles import (
    competing,
    refitted,
    stored,
    toy_bundle,
    with_applicability,
    without,
    without_refits_of,
)

FILES = (
    "manifest.json",
    "bundle.sha256",
    "probes.json",
    "landmark_1_remission.npz",
    "landmark_1_remission.ubj",
    "landmark_1_relapse.npz",
    "landmark_2_remission.npz",
    "landmark_2_relapse.npz",
    "landmark_2_remission_refits.npz",
    "landmark_2_relapse_refits.npz",
    "landmark_2_applicability.npz",
    "landmark_3_relapse.npz",
)
"""Trees, linear scores and no model, all in one bundle; the last landmark lacks a remission head."""
PLACES = 60


def random_rows(patients: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    rows = rng.normal(5, 10, (patients, len(catalogue(Protocol()))))
    rows[rng.random(rows.shape) < 0.2] = np.nan
    return rows


def trees() -> Trees:
    """Trees over the catalogue's features, of which the first and the last decide."""
    features = catalogue(Protocol())
    rows = random_rows(200, 1)
    chance = expit(np.nan_to_num(rows[:, 0] - rows[:, -1]) / 10)
    outcome = (np.random.default_rng(2).random(200) < chance).astype(np.float64)
    names = tuple(feature.name for feature in features)
    score = fit_xgboost(TuningSettings())(
        TrainingData(rows, single_counts(outcome), names, (0,) * len(features), seed=3)
    ).score
    assert isinstance(score, Trees)
    return score


@pytest.fixture(scope="module")
def mixed() -> Bundle:
    first, second, third = toy_bundle().models
    assert second.relapse
    return replace(
        toy_bundle(),
        models=(
            replace(first, remission=RemissionHead(trees(), -0.2, 0.9)),
            replace(
                second,
                relapse=replace(second.relapse, score=Constant(len(catalogue(Protocol())))),
                refits=OutcomeRefits(head_refits(1, relapse=False), head_refits(2, relapse=True)),
                applicability=with_applicability(toy_bundle()).models[1].applicability,
            ),
            replace(third, remission=None),
        ),
    )


@pytest.fixture(scope="module")
def saved(mixed: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bundles") / "mixed"
    save_bundle(mixed, directory)
    return directory


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "copy"))


def same_answers(one: OutcomeModel, other: OutcomeModel, rows: Floats) -> None:
    here, there = one.predict(rows), other.predict(rows)
    for part in ("remission", "relapse", "sustained"):
        np.testing.assert_array_equal(getattr(here, part), getattr(there, part))
        assert (here.interval is None) == (there.interval is None)
        if here.interval is not None:
            np.testing.assert_array_equal(getattr(here.interval, part), getattr(there.interval, part))
    assert (one.applicability is None) == (other.applicability is None)
    if one.applicability is not None and other.applicability is not None:
        np.testing.assert_array_equal(one.applicability.assess(rows).verdict, other.applicability.assess(rows).verdict)
    for head in ("remission", "relapse"):
        before, after = getattr(one, head), getattr(other, head)
        assert (before is None) == (after is None)
        if before is not None:
            np.testing.assert_array_equal(before.explain(rows)[1], after.explain(rows)[1])


def test_what_was_saved_is_what_is_loaded(mixed: Bundle, saved: Path) -> None:
    loaded = load_bundle(saved)
    rows = random_rows(50, 4)
    for before, after in zip(mixed.models, loaded.models, strict=True):
        assert after.landmark == before.landmark
        same_answers(before, after, rows)
    assert loaded.protocol == mixed.protocol
    assert loaded.features == mixed.features
    assert [dict(records) for records in loaded.records] == [dict(records) for records in mixed.records]
    assert dict(loaded.training) == dict(mixed.training)
    assert (saved / "bundle.sha256").read_text() == loaded.digest + "\n"


@pytest.mark.parametrize("heads", [("remission",), ("relapse",), ("remission", "relapse")], ids=" and ".join)
def test_heads_that_give_everybody_the_average_come_back_without_intervals(
    heads: tuple[str, ...], tmp_path: Path
) -> None:
    bundle = without_refits_of(refitted(toy_bundle()), *heads)
    loaded = stored(bundle, tmp_path / "bundle")
    for before, after in zip(bundle.models, loaded.models, strict=True):
        same_answers(before, after, random_rows(20, 4))


def test_a_score_of_competing_events_comes_back_and_gives_the_same_curve(tmp_path: Path) -> None:
    bundle = competing(refitted(toy_bundle()))
    loaded = stored(bundle, tmp_path / "bundle")
    rows = random_rows(20, 4)
    plain = toy_bundle().models[0].predict(rows).curve
    assert plain is not None
    for before, after in zip(bundle.models, loaded.models, strict=True):
        same_answers(before, after, rows)
        here, there = before.predict(rows).curve, after.predict(rows).curve
        assert here is not None
        assert there is not None
        np.testing.assert_array_equal(here.competing, there.competing)
        assert np.ptp(there.competing[:, -1]) > np.ptp(plain.competing[:, -1])


def test_a_bundle_without_a_score_of_competing_events_holds_none_of_its_numbers(tmp_path: Path) -> None:
    score = {"kind", "used", "lower", "upper", "centre", "weight", "missing_weight"}
    for bundle, held in ((toy_bundle(), set()), (competing(toy_bundle()), score)):
        folder = tmp_path / str(len(held))
        save_bundle(bundle, folder)
        with np.load(folder / "landmark_1_relapse.npz") as arrays:
            found = {name.removeprefix("competing_") for name in arrays if name.startswith("competing_")}
        assert found == {"hazard"} | held


def test_another_weight_for_competing_events_is_refused_naming_the_reference_inputs(tmp_path: Path) -> None:
    save_bundle(competing(toy_bundle()), tmp_path / "bundle")
    path = tmp_path / "bundle" / "landmark_1_relapse.npz"
    with np.load(path) as stored_arrays:
        arrays = dict(stored_arrays)
    np.savez(path, allow_pickle=False, **arrays | {"competing_weight": arrays["competing_weight"] * 1.01})
    sealed(tmp_path / "bundle")
    with pytest.raises(BundleRefusedError, match="reference inputs at 'before session 1': relapse differ"):
        load_bundle(tmp_path / "bundle")


def test_the_bundle_holds_the_files_that_these_tests_try(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_any_changed_byte_is_refused_naming_the_file(copy: Path, name: str) -> None:
    """In the first byte, the last, and sixty drawn ones of every file: one bit, or the whole byte."""
    original = (copy / name).read_bytes()
    rng = np.random.default_rng(len(original))
    places = {0, len(original) - 1, *rng.integers(0, len(original), PLACES).tolist()}
    for place in sorted(places):
        for flipped in (1 << int(rng.integers(8)), 0xFF):
            content = bytearray(original)
            content[place] ^= flipped
            (copy / name).write_bytes(content)
            with pytest.raises(BundleRefusedError, match=name):
                load_bundle(copy)
    (copy / name).write_bytes(original)
    load_bundle(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_shorter_or_longer_file_is_refused_naming_it(copy: Path, name: str) -> None:
    original = (copy / name).read_bytes()
    for content in (b"", original[:-1], original + b"\n"):
        (copy / name).write_bytes(content)
        with pytest.raises(BundleRefusedError, match=name):
            load_bundle(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_file_taken_away_is_refused_naming_it(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(BundleRefusedError, match=name):
        load_bundle(copy)


@pytest.mark.parametrize("name", ["model.pkl", "landmark_9_remission.npz", ".hidden"])
def test_a_file_put_in_is_refused_naming_it(copy: Path, name: str) -> None:
    (copy / name).write_bytes(b"x")
    with pytest.raises(BundleRefusedError, match=name):
        load_bundle(copy)


def test_two_files_in_one_anothers_place_are_refused(copy: Path) -> None:
    (copy / "landmark_1_relapse.npz").rename(copy / "aside")
    (copy / "landmark_2_relapse.npz").rename(copy / "landmark_1_relapse.npz")
    (copy / "aside").rename(copy / "landmark_2_relapse.npz")
    with pytest.raises(BundleRefusedError, match=r"landmark_1_relapse\.npz"):
        load_bundle(copy)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefusedError, match=r"not a bundle, manifest\.json or bundle\.sha256 is missing"):
        load_bundle(tmp_path)
    with pytest.raises(BundleRefusedError, match="not a bundle"):
        load_bundle(tmp_path / "nowhere")


def test_a_bundle_in_use_is_not_written_over(mixed: Bundle, saved: Path) -> None:
    with pytest.raises(FileExistsError):
        save_bundle(mixed, saved)


def sealed(directory: Path) -> None:
    """Recompute every digest, as somebody would who changes a bundle knowingly."""
    manifest = json.loads((directory / "manifest.json").read_text())
    manifest["files"] = {
        name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in manifest["files"]
    }
    content = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    (directory / "manifest.json").write_text(content)
    (directory / "bundle.sha256").write_text(hashlib.sha256(content.encode()).hexdigest() + "\n")


def test_sealing_alone_changes_nothing(copy: Path) -> None:
    """So that the refusals below are due to what they change."""
    digest = load_bundle(copy).digest
    sealed(copy)
    assert load_bundle(copy).digest == digest


def test_another_catalogue_is_refused_naming_it(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sign of one feature suffices."""
    declared = catalogue(Protocol())
    other = (replace(declared[0], remission_sign=-declared[0].remission_sign or 1), *declared[1:])
    monkeypatch.setattr(declarations, "catalogue", lambda _: other)
    with pytest.raises(BundleRefusedError, match="catalogue"):
        load_bundle(saved)


def test_another_answer_of_xgboost_is_refused_naming_the_reference_inputs(copy: Path) -> None:
    """A leaf of the trees is changed and every digest recomputed: only the reference inputs can tell."""
    import xgboost

    path = copy / "landmark_1_remission.ubj"
    booster = xgboost.Booster()
    booster.load_model(bytearray(path.read_bytes()))
    model = json.loads(booster.save_raw("json"))
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        tree["base_weights"] = [weight + 1e-4 for weight in tree["base_weights"]]
        tree["split_conditions"] = [
            value + 1e-4 if left == -1 else value
            for value, left in zip(tree["split_conditions"], tree["left_children"], strict=True)
        ]
    changed = xgboost.Booster()
    changed.load_model(bytearray(json.dumps(model).encode()))
    path.write_bytes(bytes(changed.save_raw("ubj")))
    sealed(copy)
    with pytest.raises(BundleRefusedError, match=r"reference inputs at 'before session 1': (remission|contributions)"):
        load_bundle(copy)


def changed_array(path: Path, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Replace one array of a file."""
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays[name] = change(arrays[name])
    np.savez(path, allow_pickle=False, **arrays)


def test_another_weight_of_one_refit_is_refused_naming_the_intervals(copy: Path) -> None:
    """The answers stay, every digest is recomputed, and one weight in 60 differs by a thousandth."""

    def change(weight: np.ndarray) -> np.ndarray:
        weight[7, 2] += 1e-3
        return weight

    changed_array(copy / "landmark_2_relapse_refits.npz", "weight", change)
    sealed(copy)
    with pytest.raises(BundleRefusedError, match="reference inputs at 'before session 2': intervals"):
        load_bundle(copy)


def test_another_limit_of_applicability_is_refused_naming_it(copy: Path) -> None:
    """Every digest is recomputed: only a reference input that was at the edge, and would now be refused, can tell."""
    changed_array(copy / "landmark_2_applicability.npz", "limit", lambda limit: limit * 1e-3)
    sealed(copy)
    with pytest.raises(BundleRefusedError, match="reference inputs at 'before session 2': applicability"):
        load_bundle(copy)


def test_another_row_of_features_is_refused_naming_the_reference_inputs(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The declarations are the same, and one function computes something else."""

    def otherwise(known: KnownAtLandmark, columns: Sequence[PatientColumn], wanted: Categories, values: Floats) -> None:
        write_features(known, columns, wanted, values)
        values[:, 0] += 1e-9

    monkeypatch.setattr("features.build.write_features", otherwise)
    with pytest.raises(BundleRefusedError, match="reference inputs at 'before session 1': rows"):
        load_bundle(saved)


def test_reference_inputs_that_leave_a_landmark_out_are_refused(copy: Path) -> None:
    reference_inputs = json.loads((copy / "probes.json").read_text())
    del reference_inputs["answers"]["before session 1"]
    (copy / "probes.json").write_text(json.dumps(reference_inputs))
    sealed(copy)
    with pytest.raises(BundleRefusedError, match="reference inputs"):
        load_bundle(copy)


def test_another_format_is_refused_naming_both(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"format": 1}))
    sealed(copy)
    with pytest.raises(BundleRefusedError, match="format 1, this installation reads 3"):
        load_bundle(copy)


def test_the_same_content_gives_the_same_bytes(mixed: Bundle, saved: Path, tmp_path: Path) -> None:
    save_bundle(mixed, tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (saved / name).read_bytes(), name


def test_a_loaded_bundle_is_saved_to_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    save_bundle(load_bundle(saved), tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (saved / name).read_bytes(), name


def test_another_content_gives_another_digest(mixed: Bundle, tmp_path: Path) -> None:
    first = save_bundle(mixed, tmp_path / "one")
    changed = replace(mixed.models[1], remission=replace(mixed.models[1].remission, baseline=0.3 + 1e-12))
    other = replace(mixed, models=(mixed.models[0], changed, mixed.models[2]))
    assert save_bundle(other, tmp_path / "other") != first


def test_nothing_in_a_bundle_can_run_code(saved: Path) -> None:
    """Arrays of numbers and text, JSON, and XGBoost's own format; NumPy reads every member with pickle forbidden."""
    for path in saved.glob("*.npz"):
        with np.load(path, allow_pickle=False) as stored:
            for name in stored.files:
                assert stored[name].dtype.kind in "iufU", name
        with zipfile.ZipFile(path) as archive:
            assert all(member.endswith(".npy") for member in archive.namelist())
    assert {path.suffix for path in saved.iterdir()} == {".json", ".npz", ".ubj", ".sha256"}


def test_an_array_that_would_need_pickle_is_not_read(copy: Path) -> None:
    np.savez(copy / "landmark_2_relapse.npz", kind=np.array([{"run": "code"}], dtype=object))
    sealed(copy)
    with pytest.raises((BundleRefusedError, ValueError)):
        load_bundle(copy)


def test_the_reference_inputs_use_every_feature(saved: Path) -> None:
    reference_inputs = json.loads((saved / "probes.json").read_text())
    rows = np.array(
        [row for answer in reference_inputs["answers"].values() for row in answer["rows"]], dtype=np.float64
    )
    never = [name for name, values in zip(load_bundle(saved).features, rows.T, strict=True) if np.isnan(values).all()]
    assert not never


def test_a_bundle_without_any_head_says_nothing_and_says_so(tmp_path: Path) -> None:
    nothing = without(toy_bundle(), "remission", "relapse")
    save_bundle(nothing, tmp_path / "nothing")
    loaded = load_bundle(tmp_path / "nothing")
    assert not any(model.can_answer for model in loaded.models)


def test_what_predicts_needs_numpy_and_xgboost_only(saved: Path) -> None:
    """Loading, which answers for the reference inputs, brings in no MLflow, no BentoML and no training code."""
    code = (
        "import sys; from pathlib import Path; from models.bundle import load_bundle\n"
        "load_bundle(Path(sys.argv[1]))\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'mlflow', 'bentoml', 'training', 'serving'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(saved)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_of_many_files_that_the_manifest_does_not_list_three_are_named(copy: Path) -> None:
    for name in "abcde":
        (copy / name).write_text("")
    with pytest.raises(BundleRefusedError, match="does not list a, b, c and 2 more: remove them"):
        load_bundle(copy)
