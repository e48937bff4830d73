"""Somebody who holds every store writes the decisions anew: a contradiction, a signature or a seal shows it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.decisions.stores import BAD, GOOD, broken, done, kap, own_keys, promoted, rewritten
from tests.training.registries import Registry
from training.decisions.keys import Signer, key_file, make_key
from training.registry.decisions import Decision, PolicyCheck

pytestmark = pytest.mark.slow

FAILED = PolicyCheck(name="calibration slope", passed=False, required="0.8 to 1.25", seen="0.4")


def test_a_promotion_in_the_name_of_another_has_no_valid_signature(registry: Registry) -> None:
    """Somebody who holds every store and no key but her own writes the history anew, with all hashes and mirrors."""
    promoted(BAD, "--override", by="Eve")
    done("people", "add", "Ethics Board", "--key", key_file("Ethics Board"))

    def forged(decision: Decision) -> Decision:
        passed = tuple(check.model_copy(update={"passed": True}) for check in decision.checks)
        return decision.model_copy(update={"action": "promote", "by": "Ethics Board", "checks": passed})

    rewritten(registry, forged, lambda name: own_keys("Eve" if name == "Ethics Board" else name))
    broken(registry, "says that Ethics Board decided, and is signed by Eve")


def test_a_promotion_over_failed_checks_contradicts_itself_even_if_all_signatures_hold(registry: Registry) -> None:
    promoted(BAD, "--override", by="Eve")
    rewritten(registry, lambda each: each.model_copy(update={"action": "promote"}), own_keys)
    broken(registry, "is a promotion by the policy, although its own checks failed: calibration slope")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"by": " "}, "names nobody who decided"),
        ({"granted": {"start": {}}, "tier": "clinic"}, "promotes none of its questions"),
        ({"approved_by": ("Grace",)}, "names others as approvers"),
        ({"at": "2020-01-01T00:00:00Z"}, "has another time than its entry"),
    ],
    ids=["nobody", "nothing", "approvers", "time"],
)
def test_what_contradicts_itself_is_found_even_if_all_signatures_hold(
    registry: Registry, change: dict[str, object], said: str
) -> None:
    promoted(GOOD, by="Eve")
    rewritten(registry, lambda each: each.model_copy(update=change), lambda name: own_keys(name.strip() or "Eve"))
    broken(registry, said)


def keys_elsewhere(folder: Path) -> Callable[[str], Signer]:
    """New keys for the same names."""
    made: dict[str, Signer] = {}

    def own(name: str) -> Signer:
        made[name] = made.get(name) or make_key(name, folder / f"{name}.pem")
        return made[name]

    return own


def test_a_whole_history_written_anew_with_new_keys_is_found_by_a_seal_that_lies_elsewhere(
    registry: Registry, tmp_path: Path
) -> None:
    """Nothing in the stores shows it, because everything in them was made to agree."""
    promoted(BAD, "--override", by="Eve")
    done("history", "--seal", tmp_path / "seal.json")
    passed = {"action": "promote", "by": "Eve", "checks": (FAILED.model_copy(update={"passed": True}),)}
    rewritten(registry, lambda each: each.model_copy(update=passed), keys_elsewhere(tmp_path / "others"))
    done("history")
    result = kap("history", "--since", tmp_path / "seal.json")
    assert result.exit_code == 4
    assert "entry 2 is another one than in the seal of" in result.stderr
    assert "knows a key of Eve" in result.stderr
