"""What an entry holds is stored small and unreadable without its seed, and comes back byte for byte."""

import json
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import catalogue
from features.protocol.document import Protocol
from models.outcome_model import OutcomeModel
from models.score import LinearScore
from serving.log.chain import NO_CONTENT, Content, content_code
from serving.log.content import ContentChangedError, EncryptedContent, decrypt, encrypt
from serving.storage.pseudonyms import Secret
from tests.serving.answers import answered, drawn
from tests.serving.bundles import linear, refitted, toy_bundle
from tests.serving.logs import SECRET

PLAIN = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
DOCUMENTS = st.recursive(
    st.none() | st.floats() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(PLAIN, inner)
)
TEXTS = st.none() | PLAIN | st.builds(json.dumps, DOCUMENTS)


@settings(max_examples=100, deadline=None)
@given(row=TEXTS, answer=TEXTS, key=TEXTS, shadow=TEXTS)
def test_any_content_comes_back_as_it_was(
    row: str | None, answer: str | None, key: str | None, shadow: str | None
) -> None:
    content = Content("n", None, "d", row, answer, key, shadow)
    assert decrypt(SECRET, encrypt(SECRET, content)) == content


def test_a_shadow_is_part_of_the_code_and_content_without_one_has_the_code_of_earlier_versions() -> None:
    content = Content("n", None, "d", "row", "answer", None)
    parts = ["n", None, "d", None, *(sha256(text).hexdigest() for text in (b"row", b"answer"))]
    assert content_code(SECRET, content) == SECRET.mac("content", json.dumps(parts, separators=(",", ":")).encode())
    codes = {content_code(SECRET, content._replace(shadow=shadow)) for shadow in (None, "", "{}", "answer")}
    assert len(codes) == 4


def test_each_content_has_its_own_key() -> None:
    first, second = encrypt(SECRET, NO_CONTENT), encrypt(SECRET, NO_CONTENT)
    assert first.seed != second.seed
    assert first.ciphertext != second.ciphertext


@pytest.mark.parametrize("seed", [bytes(32), b"short", b""])
def test_without_its_seed_content_can_not_be_read(seed: bytes) -> None:
    stored = encrypt(SECRET, NO_CONTENT)
    with pytest.raises(ContentChangedError):
        decrypt(SECRET, stored._replace(seed=seed))


def test_with_another_secret_or_a_changed_byte_content_can_not_be_read() -> None:
    seed, ciphertext = encrypt(SECRET, NO_CONTENT)
    with pytest.raises(ContentChangedError):
        decrypt(Secret(bytes(32)), EncryptedContent(seed, ciphertext))
    for place in range(len(ciphertext)):
        changed = bytes(byte ^ (1 if place == at else 0) for at, byte in enumerate(ciphertext))
        with pytest.raises(ContentChangedError):
            decrypt(SECRET, EncryptedContent(seed, changed))


def test_an_answer_with_curve_and_reasons_takes_less_than_a_fifth_of_its_text() -> None:
    """`make bench-log` has the figures for answers of a trained model."""
    protocol = Protocol()
    rng = np.random.default_rng(3)
    weights = {feature.name: float(weight) for feature in catalogue(protocol) for weight in rng.normal(0, 0.1, 1)}
    bundle = refitted(toy_bundle(protocol))
    models = tuple(_of_all_features(model, linear(protocol, weights)) for model in bundle.models)
    for reply in answered(replace(bundle, models=models), drawn(4, 20, protocol)):
        content = Content("0" * 32, "1" * 64, "2" * 64, (reply.row or b"").decode(), reply.body.decode(), None)
        text = len(content.row or "") + len(content.answer or "")
        if b'"curve":[' in reply.body:
            assert len(encrypt(SECRET, content).ciphertext) < text / 5


def _of_all_features(model: OutcomeModel, score: LinearScore) -> OutcomeModel:
    """The model with every feature among the reasons of both heads."""
    assert model.remission is not None
    assert model.relapse is not None
    heads = {"remission": replace(model.remission, score=score), "relapse": replace(model.relapse, score=score)}
    return replace(model, **heads)  # type: ignore[arg-type]
