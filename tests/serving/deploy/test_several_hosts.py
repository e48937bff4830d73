"""Two hosts that share a log, behind nginx with the file of serving/deploy: one service to a clinic.

What the guide calls shared is shared, and what it calls a host's own is. A model is promoted, a host is restarted and a
host dies under load: no request fails, each answer names its version, and the log has each prediction once.
"""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from serving.log.check import check_log
from serving.log.feedback import read_feedback_entries
from serving.log.queries import LogEntry, find_entry, read_entries
from tests.serving.cds_hooks.ehr_client import in_course
from tests.serving.cds_hooks.feedbacks import overridden
from tests.serving.deploy.hosts import Host, Hosts, two_hosts
from tests.serving.hard.patients import asking
from tests.serving.loads import LoadResults, loaded
from tests.serving.requests import EXAMPLE, changed
from tests.serving.server.test_service_keys import bearer, kap, make_key, until

pytestmark = pytest.mark.long
AT_ONCE = 20
"""Requests that two hosts get at the same time under the same key."""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    with two_hosts(tmp_path_factory.mktemp("hosts")) as started:
        yield started


def predicted(client: httpx.Client, key: str | None = None, token: str | None = None, **body: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/v1/predict", json=EXAMPLE | body, headers=headers | (bearer(token) if token else {}))


def logged(hosts: Hosts) -> list[LogEntry]:
    """Every prediction in the log that the hosts share."""
    state = hosts.state()
    try:
        return list(read_entries(state.engine, state.secret))
    finally:
        state.engine.dispose()


def test_a_retry_that_reaches_the_other_host_gets_the_same_answer_and_is_logged_once(hosts: Hosts) -> None:
    first, again = (predicted(host.client, "visit-7") for host in (hosts.north, hosts.south))
    assert (first.status_code, again.content) == (200, first.content)
    assert [entry.prediction_id for entry in logged(hosts)].count(first.json()["prediction_id"]) == 1
    other = changed(("patient", "age_years"), 50)
    refused = hosts.south.client.post("/v1/predict", json=other, headers={"Idempotency-Key": "visit-7"})
    assert refused.status_code == 422, "the key was used for another record, at the other host"


def test_a_retry_that_reaches_the_other_host_at_the_same_moment_is_logged_once_too(hosts: Hosts) -> None:
    before = len(logged(hosts))
    keys = [f"at-once-{number}" for number in range(AT_ONCE)]
    with ThreadPoolExecutor(8) as callers:
        pairs = [[callers.submit(predicted, host.client, key) for host in (hosts.north, hosts.south)] for key in keys]
        answers = [[one.result() for one in pair] for pair in pairs]
    assert all(north.status_code == 200 and north.content == south.content for north, south in answers)
    assert len(logged(hosts)) == before + AT_ONCE


def test_a_batch_that_is_sent_again_to_the_other_host_is_logged_once_too(hosts: Hosts) -> None:
    before = len(logged(hosts))
    batch = {"requests": [EXAMPLE] * 5, "in_full": False}
    sent: Any = {"json": batch, "headers": {"Idempotency-Key": "ward-3"}}
    first, again = (host.client.post("/v1/predict_batch", **sent) for host in (hosts.north, hosts.south))
    assert (first.status_code, again.content) == (200, first.content)
    assert len(logged(hosts)) == before + 5


def test_a_key_made_on_one_host_opens_the_other_and_is_refused_there_once_it_is_revoked(hosts: Hosts) -> None:
    key_id, token = make_key(hosts.north.environment, "--scope", "predict")
    until(lambda: predicted(hosts.south.client, token=token).status_code == 200)
    kap(hosts.south.environment, "keys", "revoke", key_id)
    until(lambda: predicted(hosts.north.client, token=token).status_code == 401)


def test_the_rate_limit_of_a_key_counts_at_each_host_for_itself(hosts: Hosts) -> None:
    _, token = make_key(hosts.north.environment, "--scope", "predict", "--per-minute", "3")
    for host in (hosts.north, hosts.south):
        until(lambda host=host: predicted(host.client, token=token).status_code == 200)  # type: ignore[misc]
        assert [predicted(host.client, token=token).status_code for _ in range(3)] == [200, 200, 429]


def test_a_page_made_at_one_host_opens_at_the_other_until_its_patient_is_erased(hosts: Hosts) -> None:
    record = changed(("patient", "patient_ref"), "a-patient-to-erase")
    made = hosts.north.client.post("/decide", json=record)
    path = made.headers["location"]
    page = hosts.south.client.get(path, headers={"Authorization": ""})
    assert (made.status_code, page.status_code) == (201, 200)
    (prediction_id,) = re.findall(r"prediction ([0-9a-f-]{36})", page.text)
    launch = {"Authorization": f"Launch {path.partition('launch=')[2]}"}
    what_if = {"answers": {"next_rating": 5}}
    asked = hosts.south.client.post("/decide/what-if", json=what_if, headers=launch)
    assert asked.status_code == 200
    kap(hosts.south.environment, "log", "erase", "a-patient-to-erase", "--by", "Ada", "--reason", "asked for it")
    assert hosts.north.client.get(path, headers={"Authorization": ""}).status_code != 200
    state = hosts.state()
    entry = find_entry(state.engine, state.secret, prediction_id)
    state.engine.dispose()
    assert entry is not None
    assert entry.answer is None


def test_what_became_of_a_card_is_taken_by_a_host_that_did_not_show_it(hosts: Hosts) -> None:
    answer = hosts.north.client.post("/cds-services/kap-patient-view", json=in_course())
    (card,) = answer.json()["cards"]
    feedback = overridden(card["uuid"])
    for host in (hosts.south, hosts.north):  # the second time as a retry
        taken = host.client.post("/cds-services/kap-patient-view/feedback", json=feedback)
        assert (taken.status_code, taken.json()) == (200, {"logged": 1})
    state = hosts.state()
    found = list(read_feedback_entries(state.engine, state.secret))
    state.engine.dispose()
    assert len(found) == 1


def test_each_host_has_a_chain_of_its_own_and_the_audit_of_the_log_finds_nothing(hosts: Hosts) -> None:
    ids = [predicted(host.client).json()["prediction_id"] for host in (hosts.north, hosts.south)]
    north, south = (next(entry for entry in logged(hosts) if entry.prediction_id == one) for one in ids)
    assert north.writer != south.writer
    state = hosts.state()
    findings = check_log(state.engine, state.secret).findings
    state.engine.dispose()
    assert findings == ()


def test_through_nginx_both_hosts_answer(hosts: Hosts) -> None:
    ids = {predicted(hosts.client).json()["prediction_id"] for _ in range(10)}
    assert len({entry.writer for entry in logged(hosts) if entry.prediction_id in ids}) == 2


def more(load: LoadResults, answers: int = 40) -> None:
    """Wait until so many more requests are answered."""
    reached = len(load.answered)
    until(lambda: len(load.answered) > reached + answers)


def assert_nothing_was_dropped(hosts: Hosts, load: LoadResults, before: list[LogEntry]) -> None:
    """Every request was answered, and the log has what was answered: no less and nothing twice."""
    assert load.failures == []
    assert set(load.statuses) == {200}
    known = {entry.prediction_id for entry in before}
    versions = {entry.prediction_id: entry.model_version for entry in logged(hosts) if entry.prediction_id not in known}
    assert versions == dict(zip(load.answered, load.versions, strict=True))


def test_a_model_is_promoted_on_one_host_after_the_other_without_a_dropped_request(hosts: Hosts) -> None:
    before = logged(hosts)
    early = predicted(hosts.client, "asked-before")
    before += [entry for entry in logged(hosts) if entry.prediction_id == early.json()["prediction_id"]]
    with loaded(hosts.base_url, **hosts.options) as load:
        more(load)
        for host in (hosts.north, hosts.south):
            host.promote("4")
            until(lambda host=host: host.version() == "4")  # type: ignore[misc]
            more(load)
        switched = len(load.answered)
        more(load)
    assert_nothing_was_dropped(hosts, load, before)
    assert set(load.versions) == {"3", "4"}
    assert set(load.versions[switched:]) == {"4"}
    assert early.json()["model"]["version"] == "3"
    assert predicted(hosts.client, "asked-before").content == early.content, "a retry gets the answer that was given"


def back_behind_nginx(host: Host) -> None:
    """Wait until it is asked again."""
    reached = host.answered()
    until(lambda: host.answered() > reached)


def test_the_hosts_are_restarted_one_after_the_other_without_a_dropped_request(hosts: Hosts) -> None:
    before = logged(hosts)
    with loaded(hosts.base_url, **hosts.options) as load:
        for host in (hosts.north, hosts.south):
            more(load)
            host.stop()
            host.start()
            back_behind_nginx(host)
        more(load)
    assert_nothing_was_dropped(hosts, load, before)


def test_a_host_that_dies_costs_no_call_that_is_repeated_and_nothing_is_logged_twice(hosts: Hosts) -> None:
    """What nginx had begun to pass on breaks off: the caller repeats it, and gets the answer that was logged."""
    before = {entry.prediction_id for entry in logged(hosts)}
    with asking(hosts.base_url, key=hosts.token, ca=hosts.authority) as asked:
        for host in (hosts.north, hosts.south):
            reached = len(asked.answered)
            until(lambda reached=reached: len(asked.answered) > reached + 40)  # type: ignore[misc]
            host.die()
            host.start()
            back_behind_nginx(host)
    assert asked.failed == []
    assert len(set(asked.answered)) == len(asked.answered)
    assert {entry.prediction_id for entry in logged(hosts)} - before == set(asked.answered)


def test_the_answers_hold_no_trace_of_the_host(hosts: Hosts) -> None:
    """A clinic sees one service: apart from the ids, the bodies are equal."""
    north, south = (predicted(host.client).json() for host in (hosts.north, hosts.south))
    north["prediction_id"] = south["prediction_id"]
    assert json.dumps(north) == json.dumps(south)
