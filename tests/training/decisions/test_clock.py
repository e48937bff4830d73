"""A clock that was wrong once dates no later decision, and people can decide again."""

import pytest

from tests.training.decisions.stores import BAD, GOOD, GOOD_TOO, chain, champion, done, kap, promoted
from tests.training.registries import Registry

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("ahead", "refused"), [("2027-11-30T09:00:00Z", True), ("2026-01-01T00:00:00Z", False)])
def test_after_a_wrong_clock_nothing_is_decided_and_both_times_are_said(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, ahead: str, refused: bool
) -> None:
    """One decision dated a year ahead must not date every later one so."""
    with monkeypatch.context() as patch:
        for place in ("training.decisions.store.now", "training.promotion.promotion.now"):
            patch.setattr(place, lambda: ahead)
        promoted(GOOD)
    for arguments in (["promote", GOOD_TOO, "--reason", "newer"], ["promote", BAD, "--reason", "newer"]):
        result = kap(*arguments, "--by", "Ada")
        assert result.exit_code == (2 if refused else 0 if GOOD_TOO in arguments else 4)
        if refused:
            assert f"dated {ahead}" in result.stderr
            assert "on this machine (both UTC)" in result.stderr
    assert champion(registry) == (GOOD if refused else GOOD_TOO)
    assert kap("history").exit_code == 0


def test_a_wrong_date_is_recorded_as_wrong_and_people_decide_again(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kap("people", "clock", "--by", "Ada", "--reason", "battery").exit_code == 2
    with monkeypatch.context() as patch:
        for place in ("training.decisions.store.now", "training.promotion.promotion.now"):
            patch.setattr(place, lambda: "2036-11-30T09:00:00Z")
        promoted(GOOD)
    assert "dated 2036-11-30T09:00:00Z, which is wrong" in done(
        "people", "clock", "--by", "Ada", "--reason", "battery"
    ).stdout  # fmt: skip
    promoted(GOOD_TOO)
    assert champion(registry) == GOOD_TOO
    assert chain().decisions[-1].at < "2036"
    done("history")
