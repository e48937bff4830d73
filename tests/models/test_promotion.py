"""What a promoted copy may answer is read as it was decided, or the copy is refused."""

import hashlib
from pathlib import Path

import pytest

from models.bundle import BundleRefusedError
from models.promotion import PROMOTION, PROMOTION_DIGEST, Promotion, parsed_promotion, questions, read_promotion

DECIDED = Promotion(
    bundle_digest="ab" * 32,
    decision=3,
    action="promote",
    by="Ada",
    at="2026-01-02T03:04:05Z",
    reason="reviewed",
    tier="clinic",
    granted={"before session 3": {"remission": "clinic", "relapse_84": "shadow"}},
)


def stored(folder: Path, document: bytes = DECIDED.as_json()) -> dict[str, str]:
    (folder / PROMOTION).write_bytes(document)
    return {PROMOTION_DIGEST: hashlib.sha256(DECIDED.as_json()).hexdigest(), "bundle_digest": DECIDED.bundle_digest}


def test_a_copy_says_the_tier_of_each_question(tmp_path: Path) -> None:
    found = read_promotion(tmp_path, stored(tmp_path))
    assert found == DECIDED
    assert found is not None
    assert found.tier_of("before session 3", "remission") == "clinic"
    assert found.tier_of("before session 3", "relapse_84") == "shadow"


def test_a_question_that_is_not_named_is_not_promoted() -> None:
    assert DECIDED.tier_of("before session 3", "relapse_182") is None
    assert DECIDED.tier_of("before session 1", "remission") is None


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    metadata = stored(tmp_path, DECIDED.as_json().replace(b'"shadow"', b'"clinic"'))
    with pytest.raises(BundleRefusedError, match="digest"):
        read_promotion(tmp_path, metadata)


def test_a_lost_file_is_refused(tmp_path: Path) -> None:
    metadata = stored(tmp_path)
    (tmp_path / PROMOTION).unlink()
    with pytest.raises(BundleRefusedError, match="digest"):
        read_promotion(tmp_path, metadata)


def test_the_promotion_of_another_bundle_is_refused(tmp_path: Path) -> None:
    metadata = stored(tmp_path) | {"bundle_digest": "cd" * 32}
    with pytest.raises(BundleRefusedError, match="another bundle"):
        read_promotion(tmp_path, metadata)


def test_a_copy_of_an_earlier_version_has_none(tmp_path: Path) -> None:
    assert read_promotion(tmp_path, {"bundle_digest": DECIDED.bundle_digest}) is None


def test_a_copy_that_names_its_decision_store_and_lost_its_promotion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefusedError, match="not there"):
        read_promotion(tmp_path, {"bundle_digest": DECIDED.bundle_digest, "decision_store": "ab"})


def test_every_question_of_a_protocol_has_a_name() -> None:
    assert questions([84, 182]) == ("remission", "relapse_84", "relapse_182", "sustained_84", "sustained_182")
    assert questions([84], in_remission_at_landmark=True) == ("relapse_84", "sustained_84")


@pytest.mark.parametrize(
    "wrong",
    [
        DECIDED.as_json().replace(b'"shadow"', b'"clinical"'),
        DECIDED.as_json().replace(b'"promote"', b'"refuse"'),
        DECIDED.as_json().replace(b'"Ada"', b"7"),
        DECIDED.as_json().replace(b'"by"', b'"whom"'),
        DECIDED.as_json().replace(b'"decision": 3', b'"decision": "3"'),
        DECIDED.as_json().replace(b'"version": null', b'"version": 3'),
        b"[]",
        b"{",
    ],
)
def test_a_file_of_another_form_is_not_read(wrong: bytes) -> None:
    assert parsed_promotion(DECIDED.as_json()) == DECIDED
    assert parsed_promotion(wrong) is None
