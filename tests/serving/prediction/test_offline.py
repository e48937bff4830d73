import json

import pytest

from features.protocol.problems import InputRefusedError, Problem
from serving.prediction.offline import predict_json
from serving.prediction.predictor import Predictor
from tests.serving.bundles import toy_bundle
from tests.serving.requests import EXAMPLE, changed, read


def test_the_answer_is_the_endpoints() -> None:
    offline = predict_json(json.dumps(EXAMPLE).encode(), toy_bundle(), "champion")
    online = Predictor(toy_bundle(), "champion").predict(read(EXAMPLE)).model_dump(mode="json")
    assert offline | {"prediction_id": ""} == online | {"prediction_id": ""}


def test_a_refusal_names_the_paths() -> None:
    body = json.dumps(changed(("assessments", 1, "score"), "XMARKERX"))
    with pytest.raises(InputRefusedError) as caught:
        predict_json(body.encode(), toy_bundle(), "3")
    assert caught.value.problems == (Problem("assessments[1].score", None, None, "a number", "another type"),)
