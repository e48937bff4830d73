"""What is no probability never leaves as an answer, and never as a null that would mean something else."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.bundle import Bundle
from models.outcome_model import Intervals, OutcomeModel, Predictions
from models.outcomes import Floats
from models.relapse import RelapseHead
from models.remission import RemissionHead
from serving.prediction.predictor import Predictor
from serving.prediction.probabilities import ImpossibleAnswerError, ProbabilityLayout
from tests.serving.bundles import toy_bundle, wavering, without
from tests.serving.requests import EXAMPLE, read

Spoil = Callable[[Predictions], Predictions]


def put(values: Floats, number: float, *at: int) -> Floats:
    changed = np.array(values)
    changed[(0, *at)] = number
    return changed


def limit(name: str, number: float, *at: int) -> Spoil:
    def spoil(predicted: Predictions) -> Predictions:
        assert isinstance(predicted.interval, Intervals)
        changed = {name: put(getattr(predicted.interval, name), number, *at)}
        return replace(predicted, interval=replace(predicted.interval, **changed))

    return spoil


def point(name: str, number: float, *at: int) -> Spoil:
    return lambda predicted: replace(predicted, **{name: put(getattr(predicted, name), number, *at)})


def on_curve(name: str, number: float, day: int) -> Spoil:
    def spoil(predicted: Predictions) -> Predictions:
        assert predicted.curve is not None
        return replace(
            predicted, curve=replace(predicted.curve, **{name: put(getattr(predicted.curve, name), number, day)})
        )

    return spoil


SPOILT = {
    "no remission": point("remission", np.nan),
    "more than certain": point("remission", 1.0000001),
    "less than impossible": point("remission", -1e-9),
    "infinite relapse": point("relapse", np.inf, 0),
    "no relapse by a horizon within reach": point("relapse", np.nan, 1),
    "no sustained remission": point("sustained", np.nan, 0),
    "no point of the curve": on_curve("relapse", np.nan, 3),
    "a curve below zero": on_curve("event_free", -0.1, 26),
    "a competing risk below zero": on_curve("competing", -1e-12, 5),
    "no lower limit": limit("remission", np.nan, 0),
    "no upper limit": limit("relapse", np.nan, 0, 1),
    "a lower limit above the answer": limit("remission", 0.9999, 0),
    "an upper limit below the answer": limit("sustained", 1e-9, 1, 1),
    "an upper limit above 1": limit("curve_relapse", 1.5, 2, 1),
    "a lower limit below 0": limit("curve_event_free", -0.5, 2, 0),
    "no limit of the curve": limit("curve_event_free", np.nan, 4, 0),
}


def spoilt(bundle: Bundle, spoil: Spoil) -> Bundle:
    """The same bundle with something wrong in what it gives the first patient."""

    def predict(self: OutcomeModel, rows: Floats, *, with_curve: bool = True) -> Predictions:
        return spoil(type(sound[self.landmark.name]).predict(sound[self.landmark.name], rows, with_curve=with_curve))

    sound = {model.landmark.name: model for model in bundle.models}
    kind = type("Spoilt", (OutcomeModel,), {"predict": predict})
    return replace(bundle, models=tuple(kind(**vars(model)) for model in bundle.models))


@pytest.mark.parametrize("what", [what for what in SPOILT if "limit" not in what])
def test_what_is_no_probability_is_a_defect_without_intervals_too(what: str) -> None:
    with pytest.raises(ImpossibleAnswerError):
        Predictor(spoilt(toy_bundle(), SPOILT[what]), "3").answer_many([read(EXAMPLE)], ["x"])


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_no_probability_is_a_defect_and_no_answer(what: str) -> None:
    predictor = Predictor(spoilt(wavering(toy_bundle()), SPOILT[what]), "3")
    with pytest.raises(ImpossibleAnswerError) as caught:
        predictor.answer_many([read(EXAMPLE)], ["x"])
    assert not any(character.isdigit() for character in str(caught.value))


def test_a_sound_answer_passes() -> None:
    predictor = Predictor(spoilt(wavering(toy_bundle()), lambda predicted: predicted), "3")
    (reply,) = predictor.answer_many([read(EXAMPLE)], ["x"])
    assert not isinstance(reply, Exception)


@pytest.mark.parametrize("part", ["start", "contribution"])
@pytest.mark.parametrize("head", ["remission", "relapse"])
def test_a_reason_that_is_no_number_is_a_defect(head: str, part: str) -> None:
    kind = {"remission": RemissionHead, "relapse": RelapseHead}[head]

    def explain(self: RemissionHead | RelapseHead, rows: Floats) -> tuple[Floats, Floats]:
        start, contributions = kind.explain(self, rows)  # type: ignore[arg-type]
        wrong = start if part == "start" else contributions[:, :1]
        wrong[:] = np.nan
        return start, contributions

    broken = type("Broken", (kind,), {"explain": explain})
    bundle = toy_bundle()
    models = tuple(replace(model, **{head: broken(**vars(getattr(model, head)))}) for model in bundle.models)
    with pytest.raises(ImpossibleAnswerError):
        Predictor(replace(bundle, models=models), "3").answer_many([read(EXAMPLE)], ["x"])


def test_what_a_model_does_not_answer_is_null_and_no_defect() -> None:
    model = wavering(without(toy_bundle(), "remission")).models[1]
    rows = np.zeros((3, len(toy_bundle().features)))
    laid = ProbabilityLayout(model).lay_out(model.predict(rows))
    assert laid.remission == [None] * 3
    assert [[one["probability"] for one in lasting] for lasting in laid.sustained] == [[None, None]] * 3
    assert all(risks is not None and risks["at_horizons"][0]["probability"] is not None for risks in laid.relapse)
