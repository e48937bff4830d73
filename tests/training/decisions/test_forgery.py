"""Somebody who holds every store writes the decisions anew: a contradiction, a signature or a seal shows it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.training.decisions.stores import (
    BAD,
    GOOD,
    appended,
    broken,
    chain,
    done,
    kap,
    own_keys,
    promoted,
    rewritten,
    sql,
    store_of,
)
from tests.training.registries import Registry
from training.decisions.keys import Signer, key_file, make_key
from training.decisions.people import person_document
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
    broken(registry, "grants what its own checks do not allow")


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


def test_nobody_adds_herself_where_people_were_added(registry: Registry, tmp_path: Path) -> None:
    promoted(GOOD, by="Ada")
    done("people", "add", "Ada", "--key", key_file("Ada"))
    board = make_key("Ethics Board", tmp_path / "board.pem")
    own = person_document("Ethics Board", board.key_id, board.public_key, "added")
    appended(registry, "person", own, board)
    broken(registry, "is signed with a key that nobody has")


def test_a_key_has_its_own_id(registry: Registry, tmp_path: Path) -> None:
    """Else a history written anew could name the ids of the genuine keys."""
    promoted(GOOD, by="Ada")
    eve = make_key("Eve", tmp_path / "eve.pem")
    genuine = own_keys("Ada").key_id
    appended(registry, "person", person_document("Eve", genuine, eve.public_key, "first use"), eve)
    broken(registry, "names a key by an id that is not its own")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"action": "override", "policy": None, "policy_digest": None}, "names no policy"),
        ({"checks": ()}, "has no checks"),
        ({"action": "rollback"}, "goes back to another version than the champion before"),
    ],
    ids=["no policy", "no checks", "rollback to nowhere"],
)
def test_no_decision_avoids_the_policy_by_its_form(registry: Registry, change: dict[str, object], said: str) -> None:
    promoted(GOOD, by="Eve")
    rewritten(registry, lambda each: each.model_copy(update=change), own_keys)
    broken(registry, said)


def test_decisions_are_taken_over_once(registry: Registry) -> None:
    promoted(GOOD, by="Ada")
    (decision,) = chain().decisions
    forged = decision.model_copy(update={"number": 2, "by": "Ethics Board", "previous": decision.hash})
    appended(registry, "taken over", {"decisions": [forged.as_document()], "findings": []}, own_keys("Ada"))
    broken(registry, "takes decisions over, although the store had decisions already")


def test_a_seal_finds_a_lost_entry_in_the_middle(registry: Registry, tmp_path: Path) -> None:
    promoted(GOOD, by="Ada")
    done("history", "--seal", tmp_path / "seal.json")
    sql(store_of(registry), "DELETE FROM decision_entries WHERE number = 1")
    result = kap("history", "--since", tmp_path / "seal.json")
    assert result.exit_code == 4
    assert "missing" in result.stderr


def test_an_entry_is_not_replaced(registry: Registry) -> None:
    promoted(GOOD, by="Ada")
    with closing(sqlite3.connect(store_of(registry))) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT OR REPLACE INTO decision_entries SELECT * FROM decision_entries WHERE number = 1")
