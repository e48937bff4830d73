"""A converted model answers from its file alone, and is refused if it answers otherwise or wants more than the file."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.bundle import BundleRefusedError, HeadRecord, load_bundle, save_bundle
from models.contributions import exchanged_contributions, fixed_orders
from models.onnx_score import MissingValues, OnnxRefusedError, OnnxScore, log_odds_within
from models.outcomes import Floats
from models.remission import RemissionHead
from models.score import from_arrays, to_arrays
from tests.serving.bundles import toy_bundle

WEIGHTS = np.array([0.5, -1.0, 0.25])
ROWS = np.array([[1.0, 2.0, 3.0], [0.5, np.nan, -4.0], [np.nan, np.nan, np.nan]])


def linear_file(weights: Floats, op: str = "MatMul", domain: str = "") -> bytes:
    """An ONNX file with the log-odds rows @ weights."""
    node = helper.make_node(op, ["rows", "weights"], ["log_odds"], domain=domain)
    graph = helper.make_graph(
        [node],
        "score",
        [helper.make_tensor_value_info("rows", TensorProto.DOUBLE, [None, len(weights)])],
        [helper.make_tensor_value_info("log_odds", TensorProto.DOUBLE, [None, 1])],
        [numpy_helper.from_array(weights[:, None], "weights")],
    )
    opsets = [helper.make_opsetid("", 18), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString())


def score_of(weights: Floats = WEIGHTS, limit: float = 5.0) -> OnnxScore:
    features = len(weights)
    rows = np.arange(2.0 * features).reshape(2, features) / features
    expected = np.clip(rows @ weights, -limit, limit)
    missing = MissingValues(np.zeros(features), np.zeros(0, dtype=np.int64))
    return OnnxScore(linear_file(weights), "float64", True, limit, missing, np.ones(features), rows, expected)


def test_the_score_is_that_of_the_file_with_missing_values_filled_and_clipped() -> None:
    score = score_of(limit=1.0)
    assert score.predict(ROWS) == pytest.approx([-0.75, -0.75, 0.0])
    assert score.predict(100 * ROWS) == pytest.approx([-1.0, -1.0, 0.0])
    assert score.predict(ROWS[:0]).shape == (0,)


def test_missing_values_are_replaced_and_indicated() -> None:
    missing = MissingValues(np.array([7.0, 8.0, np.nan]), np.array([1]))
    assert missing.replaced(ROWS).tolist()[:2] == [[1.0, 2.0, 3.0, 0.0], [0.5, 8.0, -4.0, 1.0]]


def test_log_odds_of_certainty_are_the_limit() -> None:
    assert log_odds_within(np.array([0.0, 0.5, 1.0]), 4.0) == pytest.approx([-4.0, 0.0, 4.0])


def test_contributions_of_a_linear_model_are_its_terms() -> None:
    start, contributions = score_of().explain(ROWS[:1])
    assert start == pytest.approx([WEIGHTS.sum()])
    assert contributions == pytest.approx((ROWS[:1] - 1.0) * WEIGHTS)


def test_contributions_of_a_product_are_shared_and_add_up() -> None:
    """f = x0 x1 from (0, 0) to (2, 3): either order gives all 6 to the last, the mean half to each."""

    def product(rows: Floats) -> Floats:
        return rows[:, 0] * rows[:, 1]

    start, contributions = exchanged_contributions(product, np.array([[2.0, 3.0]]), np.zeros(2))
    assert contributions.tolist() == [[3.0, 3.0]]
    assert start == pytest.approx([0.0])


def test_orders_are_permutations_with_their_reverses_and_never_change() -> None:
    orders = fixed_orders(5)
    assert all(sorted(order.tolist()) == [0, 1, 2, 3, 4] for order in orders)
    assert [order.tolist() for order in orders[1::2]] == [order[::-1].tolist() for order in orders[::2]]
    assert orders[0].tolist() == sorted(range(5), key=lambda feature: _digest(0, feature))


def _digest(number: int, feature: int) -> bytes:
    import hashlib

    return hashlib.sha256(f"{number} {feature}".encode()).digest()


def test_a_score_survives_storing_and_pickling() -> None:
    score = score_of()
    score.predict(ROWS)  # opens the session, which can't be pickled
    for again in (from_arrays(to_arrays(score), 3), pickle.loads(pickle.dumps(score))):  # noqa: S301 - written here
        assert again.predict(ROWS).tolist() == score.predict(ROWS).tolist()


def test_other_answers_than_the_originals_are_refused() -> None:
    score = score_of()
    score.check()
    with pytest.raises(OnnxRefusedError, match="differ from the original's by up to"):
        replace(score, checked_log_odds=score.checked_log_odds + 1e-5).check()


@pytest.mark.parametrize("raw", [b"not onnx", linear_file(WEIGHTS, "Own", "my.operators")])
def test_what_is_no_onnx_or_needs_other_operators_is_refused(raw: bytes) -> None:
    with pytest.raises(OnnxRefusedError, match="onnxruntime refuses the ONNX file"):
        replace(score_of(), raw=raw).predict(ROWS)


def test_numbers_outside_of_the_file_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even from the current folder, where onnxruntime would look."""
    model = onnx.load_model_from_string(linear_file(WEIGHTS))
    (tmp_path / "weights.bin").write_bytes(WEIGHTS.tobytes())
    (tensor,) = model.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OnnxRefusedError):
        replace(score_of(), raw=bytes(model.SerializeToString())).predict(ROWS)


def test_a_bundle_with_a_converted_model_is_checked_when_it_is_loaded(tmp_path: Path) -> None:
    bundle = toy_bundle()
    score = score_of(np.linspace(-0.1, 0.1, len(bundle.features)))
    models = tuple(replace(model, remission=RemissionHead(score, 0.0)) for model in bundle.models)
    save_bundle(replace(bundle, models=models), tmp_path / "good")
    loaded = load_bundle(tmp_path / "good")
    head = loaded.models[0].remission
    assert head is not None
    assert isinstance(head.score, OnnxScore)
    assert (tmp_path / "good" / "landmark_1_remission.onnx").read_bytes() == score.raw
    wrong = replace(score, checked_log_odds=score.checked_log_odds + 0.01)
    models = tuple(replace(model, remission=RemissionHead(wrong, 0.0)) for model in bundle.models)
    save_bundle(replace(bundle, models=models), tmp_path / "wrong")
    with pytest.raises(BundleRefusedError, match="onnxruntime's answers differ"):
        load_bundle(tmp_path / "wrong")


def test_a_bundle_says_which_winner_it_lacks(tmp_path: Path) -> None:
    bundle = toy_bundle()
    records = [dict(each) for each in bundle.records]
    records[0]["relapse"] = HeadRecord(120, 40, "my_package:Cox", "", "no form without code")
    models = (replace(bundle.models[0], relapse=None), *bundle.models[1:])
    assert bundle.research_only == ""
    save_bundle(replace(bundle, models=models, records=tuple(records)), tmp_path / "bundle")
    said = f"{bundle.models[0].landmark.name}, relapse: my_package:Cox: no form without code"
    assert load_bundle(tmp_path / "bundle").research_only == said


def test_a_feature_that_no_training_patient_had_changes_nothing() -> None:
    """Left out by the settings, it is recorded for patients all the same."""
    none = np.zeros(0, dtype=np.int64)
    missing = MissingValues(np.array([0.0, 8.0]), none, np.array([0]))
    rows = np.array([[5.0, 1.0], [np.nan, np.nan]])
    assert missing.replaced(rows).tolist() == [[0.0, 1.0], [0.0, 8.0]]
