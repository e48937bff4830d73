"""A seal names anything changed, lost or added, and is the same for the same record."""

import json

import pytest

from training.registry.seal import (
    Record,
    SealDifference,
    SealedItem,
    SealRefusedError,
    compare,
    digest_of,
    digest_of_numbers,
    read_seal,
    seal_document,
)

RUN = "a" * 32
AUC, SEED, NOTE, FILE = (
    SealedItem(RUN, kind, name)
    for kind, name in (("metric", "auc"), ("parameter", "seed"), ("tag", "note"), ("artifact", "summary.json"))
)
OWNERS = {RUN: 'run "training"'}
SEALED = Record(RUN, OWNERS, {AUC: "1", SEED: "2", NOTE: "3", FILE: "4"})


def found(**changes: str | None) -> Record:
    """The record with metric, parameter, tag or artifact at another digest, or gone."""
    digests = {item: changes.get(item.kind, digest) for item, digest in SEALED.digests.items()}
    return Record(RUN, OWNERS, {item: digest for item, digest in digests.items() if digest is not None})


def with_added(item: SealedItem) -> Record:
    return Record(RUN, OWNERS, {**SEALED.digests, item: "9"})


def test_an_untouched_record_agrees_with_its_seal() -> None:
    assert compare(read_seal(seal_document(SEALED)), SEALED) == []


@pytest.mark.parametrize("item", [AUC, SEED, NOTE, FILE], ids=lambda item: item.kind)
def test_a_change_and_a_loss_are_named(item: SealedItem) -> None:
    assert compare(SEALED, found(**{item.kind: "0"})) == [SealDifference(item, "changed", harmless=False)]
    assert compare(SEALED, found(**{item.kind: None})) == [SealDifference(item, "lost", harmless=False)]


@pytest.mark.parametrize(
    ("kind", "harmless"),
    [
        ("metric", True),
        ("parameter", True),
        ("dataset", True),
        ("tag", True),
        ("metric of another run", True),
        ("note of a load", True),
        ("artifact", False),
    ],
)
def test_what_somebody_adds_is_noted_except_a_file_among_the_sealed_ones(kind: str, harmless: bool) -> None:
    item = SealedItem(RUN, kind, "later")
    assert compare(SEALED, with_added(item)) == [SealDifference(item, "added", harmless)]


@pytest.mark.parametrize(
    "item",
    [
        SealedItem(RUN, "tag", "mlflow.note.content"),
        SealedItem(RUN, "run", "ended"),
        SealedItem("version 1", "description", "text"),
        SealedItem("experiment 1", "experiment", "name"),
    ],
    ids=lambda item: f"{item.kind} {item.name}",
)
def test_what_people_change_in_the_pages_of_mlflow_is_noted(item: SealedItem) -> None:
    changed = Record(RUN, OWNERS, {**SEALED.digests, item: "other"})
    assert compare(with_added(item), changed) == [SealDifference(item, "changed", harmless=True)]


@pytest.mark.parametrize("name", ["promoted_by", "promotion 2030", "decision_head"])
def test_tags_on_a_promotion_are_those_of_a_version_and_noted_on_a_run(name: str) -> None:
    on_a_run, on_a_version = SealedItem(RUN, "tag", name), SealedItem("version 1", "tag", name)
    assert compare(SEALED, with_added(on_a_run)) == [SealDifference(on_a_run, "added", harmless=True)]
    assert compare(SEALED, with_added(on_a_version)) == []


def test_metrics_of_other_runs_and_notes_of_loads_are_never_sealed() -> None:
    for kind in ("metric of another run", "note of a load"):
        assert seal_document(with_added(SealedItem("m-1", kind, "roc_auc"))) == seal_document(SEALED)


def test_a_fact_that_an_earlier_seal_lacks_is_no_difference() -> None:
    for item in (SealedItem(RUN, "run", "user"), SealedItem("version 1", "description", "text")):
        assert compare(SEALED, with_added(item)) == []


def test_a_seal_of_the_earlier_format_is_read() -> None:
    document = json.loads(seal_document(SEALED)) | {"format": 1}
    assert read_seal(json.dumps(document).encode()) == SEALED


def test_the_tag_that_names_the_seal_is_not_part_of_it() -> None:
    item = SealedItem(RUN, "tag", "seal_digest")
    assert compare(SEALED, with_added(item)) == []
    assert seal_document(with_added(item)) == seal_document(SEALED)


def test_a_difference_is_reported_by_its_kind_name_and_run() -> None:
    assert SEALED.described(AUC) == 'metric auc of run "training"'


def test_the_order_in_which_a_record_was_read_does_not_matter() -> None:
    turned = Record(RUN, OWNERS, dict(reversed(SEALED.digests.items())))
    assert seal_document(turned) == seal_document(SEALED)
    points = [(0, 5, 0.1), (1, 5, 0.2), (1, 6, float("nan"))]
    assert digest_of_numbers(points) == digest_of_numbers(points[::-1])


@pytest.mark.parametrize("other", [(1, 5, 0.2), (0, 6, 0.1), (0, 5, 0.1 + 2**-56), (0, 5, -0.1)])
def test_a_metric_counts_by_its_step_its_time_and_every_bit_of_its_value(other: tuple[int, int, float]) -> None:
    assert digest_of_numbers([(0, 5, 0.1)]) != digest_of_numbers([other])


def test_a_digest_is_that_of_the_texts_bytes() -> None:
    assert digest_of("ü") == digest_of(b"\xc3\xbc")


@pytest.mark.parametrize("document", [b"", b"\xff\xfe", b"[]", b"{}", b'{"format": 1}', b"null"])
def test_anything_else_is_refused_as_no_seal(document: bytes) -> None:
    with pytest.raises(SealRefusedError, match="is not a seal"):
        read_seal(document)


def test_a_seal_of_another_format_is_refused() -> None:
    document = json.loads(seal_document(SEALED)) | {"format": 3}
    with pytest.raises(SealRefusedError, match="another format"):
        read_seal(json.dumps(document).encode())
