"""The client and the real service: one prediction and one entry in the log for a key and a record, and every type."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from serving.client import CallRefusedError, KapClient
from serving.contract.response import NotPredictable, Prediction, RefusedRequest
from serving.log.queries import read_entries
from serving.storage.log_location import open_log
from tests.serving.requests import EXAMPLE, changed, example, read
from tests.serving.servers import Server

NO_BASELINE = example(assessments=[])


@pytest.fixture
def kap(server: Server) -> Iterator[KapClient]:
    with KapClient(str(server.client.base_url)) as started:
        yield started


def _logged(server: Server) -> list[str]:
    """The ids of all the predictions in the log."""
    log = open_log(str(server.state / "predictions.db"))
    try:
        return [entry.prediction_id for entry in read_entries(log.engine, log.secret)]
    finally:
        log.engine.dispose()


def test_the_same_key_and_record_give_one_prediction_and_one_entry(server: Server, kap: KapClient) -> None:
    before, key = len(_logged(server)), str(uuid4())
    first = kap.predict(EXAMPLE, idempotency_key=key)
    again = kap.predict(read(EXAMPLE), idempotency_key=key)
    assert isinstance(first, Prediction)
    assert again == first
    assert _logged(server).count(first.prediction_id) == 1
    assert len(_logged(server)) == before + 1


def test_without_a_key_of_ones_own_each_call_is_a_prediction_of_its_own(server: Server, kap: KapClient) -> None:
    ids = {kap.predict(EXAMPLE).prediction_id, kap.predict(EXAMPLE).prediction_id}
    assert len(ids) == 2
    assert ids <= set(_logged(server))


def test_the_same_key_with_another_record_is_refused(kap: KapClient) -> None:
    key = str(uuid4())
    kap.predict(EXAMPLE, idempotency_key=key)
    with pytest.raises(CallRefusedError, match="for another request") as caught:
        kap.predict(changed(("patient", "age_years"), 42), idempotency_key=key)
    assert (caught.value.status, caught.value.idempotency_key) == (422, key)


def test_a_batch_is_answered_patient_by_patient_and_logged_once(server: Server, kap: KapClient) -> None:
    before, key = len(_logged(server)), str(uuid4())
    records = [EXAMPLE, changed(("patient", "sex"), 5), NO_BASELINE]
    found = kap.predict_batch(records, idempotency_key=key)
    assert [type(one) for one in found] == [Prediction, RefusedRequest, NotPredictable]
    assert kap.predict_batch(records, idempotency_key=key) == found
    assert len(_logged(server)) == before + 2


def test_a_refusal_names_the_fields(kap: KapClient) -> None:
    with pytest.raises(CallRefusedError) as caught:
        kap.predict(changed(("patient", "sex"), "XMARKERX"))
    assert [problem.path for problem in caught.value.problems] == ["patient.sex"]
    assert "XMARKERX" not in str(vars(caught.value))


def test_the_model_and_its_scales_come_typed(kap: KapClient) -> None:
    model, scales = kap.model(), kap.instruments()
    answer = kap.predict(EXAMPLE)
    assert (model.version, model.bundle_digest) == (answer.model.version, answer.model.bundle_digest)
    assert [landmark.name for landmark in model.landmarks] == [
        "before session 1",
        "before session 2",
        "before session 3",
    ]
    assert "gad7" in [scale.name for scale in scales.instruments]
    assert scales.protocol_digest == model.protocol.digest


def test_it_is_ready(kap: KapClient) -> None:
    assert kap.ready()
    assert kap.readiness().model_version == "3"
