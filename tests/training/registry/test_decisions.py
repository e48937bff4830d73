"""The chain of decisions: any change, loss, move or addition is found, and the champion of each day is known."""

import json
from datetime import date

import numpy as np
import pytest

from training.decisions.canonical import canonical, digest_of
from training.registry.decisions import (
    FIRST,
    LONGEST,
    Decision,
    Head,
    champion_after,
    champion_before,
    decisions_behind,
    read_decisions,
    verify_chain,
)
from training.registry.policy_check import PolicyCheck

CHECK = PolicyCheck(name="calibration slope", passed=True, required="0.8 to 1.25", seen="remission 0.96 (0.8 to 1.1)")
COURSE = (
    ("promote", "1"),
    ("refuse", "2"),
    ("override", "2"),
    ("promote", "3"),
    ("rollback", "2"),
    ("refuse", "4"),
)


def chain_of(*course: tuple[str, str], before: str | None = None) -> list[Decision]:
    """Decisions (action, version), one a day from 1 March 2026 on."""
    decisions: list[Decision] = []
    champion = before
    for number, (action, version) in enumerate(course, start=1):
        decision = Decision(
            number=number,
            at=f"2026-03-{number:02d}T09:00:00Z",
            by="Ada",
            action=action,  # type: ignore[arg-type]
            version=version,
            previous_champion=champion,
            reason='better calibrated, "für alle"',
            run_id="r" * 32,
            bundle_digest="b" * 64,
            evidence_digest="e" * 64,
            seal_digest=None,
            policy_digest="a" * 64,
            checks=(CHECK,) * (100 if number == 4 else 1),
            previous=decisions[-1].hash if decisions else FIRST,
        )
        champion = version if decision.changes_champion else champion
        decisions.append(decision)
    return decisions


def kept(decisions: list[Decision]) -> dict[str, str]:
    """The parts of all decisions by key, as the registry keeps them."""
    return {key: part for decision in decisions for key, part in decision.parts().items()}


DECISIONS = chain_of(*COURSE)
ENTRIES = kept(DECISIONS)
LONG = "decision.000004"
"""The decision that takes three parts."""
HEADS = [
    Head(f"version {version}", version, [each for each in DECISIONS if each.version == version][-1].hash, latest=True)
    for version in "1234"
]


def places(entries: dict[str, str], champion: str | None = "2", heads: list[Head] | None = None) -> set[str]:
    return {finding.place for finding in verify_chain(entries, champion, HEADS if heads is None else heads)}


def test_a_chain_that_nobody_touched_holds() -> None:
    assert verify_chain(ENTRIES, "2", HEADS) == []
    assert verify_chain({}, None, [Head("version 1", "1", None, latest=True)]) == []
    assert list(read_decisions(ENTRIES)) == DECISIONS


def test_the_hash_is_that_of_everything_else_in_the_entry() -> None:
    document = json.loads(ENTRIES["decision.000003"])
    assert document.pop("hash") == digest_of(document)
    assert document["previous"] == json.loads(ENTRIES["decision.000002"])["hash"]


def test_each_of_200_random_single_byte_changes_is_found() -> None:
    rng = np.random.default_rng(11)
    for _ in range(200):
        key = list(ENTRIES)[rng.integers(len(ENTRIES))]
        whole = f"{key}\0{ENTRIES[key]}".encode()
        place = int(rng.integers(len(whole)))
        byte = int(rng.choice([each for each in range(1, 128) if each != whole[place]]))
        changed = (whole[:place] + bytes([byte]) + whole[place + 1 :]).decode()
        new_key, _, text = changed.partition("\0") if "\0" in changed else (key, "", changed)
        entries = {name: part for name, part in ENTRIES.items() if name != key} | {new_key: text}
        entries = {name: part for name, part in entries.items() if name.startswith("decision.")}
        assert verify_chain(entries, "2", HEADS), f"byte {place} of {key} became {byte}"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('","', '", "', 1),
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.replace("\\u00fc", "ü"),
        lambda text: text.replace('"number":3', '"number":3.0'),
        lambda text: text.replace('"passed":true', '"passed":1'),
        lambda text: text.replace('"by":"Ada"', '"by":"Ada","by":"Ada"'),
        lambda text: json.dumps(dict(reversed(json.loads(text).items())), separators=(",", ":")),
    ],
    ids=["space", "newline", "leading space", "escape", "float", "one for true", "key twice", "order"],
)
def test_the_same_decision_written_another_way_is_found(change: object) -> None:
    changed = change(ENTRIES["decision.000003"])  # type: ignore[operator]
    assert changed != ENTRIES["decision.000003"]
    assert "decision.000003" in places(ENTRIES | {"decision.000003": changed})


def test_no_part_of_a_decision_is_longer_than_a_tag_of_any_database() -> None:
    assert [key for key in ENTRIES if key.startswith(LONG)] == [LONG, f"{LONG}.2", f"{LONG}.3"]
    assert all(len(part.encode()) <= LONGEST == 5000 for part in ENTRIES.values())
    assert ENTRIES[LONG] + ENTRIES[f"{LONG}.2"] + ENTRIES[f"{LONG}.3"] == DECISIONS[3].as_text()


@pytest.mark.parametrize("lost", [LONG, f"{LONG}.2", f"{LONG}.3"])
def test_a_lost_part_is_found_by_its_name_and_what_to_do_is_said(lost: str) -> None:
    """Where recording was interrupted, nothing but the end of the last decision is missing."""
    found = verify_chain({key: part for key, part in ENTRIES.items() if key != lost}, "2", HEADS)
    (named,) = [finding for finding in found if finding.place == lost]
    assert f"delete the tags of the registered model that begin with {LONG}, then decide again" in named.wrong
    assert len(found) > 1


def test_of_a_decision_interrupted_before_it_took_effect_nothing_else_is_said() -> None:
    (last,) = chain_of(*COURSE[:4])[3:]
    begun = kept(DECISIONS[:3]) | {last.key: last.parts()[last.key]}
    heads = [Head(f"version {each.version}", each.version, each.hash, latest=True) for each in DECISIONS[:3:2]]
    assert places(begun, "2", heads) == {f"{last.key}.2"}


@pytest.mark.parametrize("added", [f"{LONG}.4", f"{LONG}.5", f"{LONG}.02", f"{LONG}.x", "decision.000001.2"])
@pytest.mark.parametrize("text", ["", " ", ENTRIES[f"{LONG}.3"]])
def test_an_added_part_is_found_by_its_name(added: str, text: str) -> None:
    assert added in places(ENTRIES | {added: text})


@pytest.mark.parametrize("changed", [LONG, f"{LONG}.2", f"{LONG}.3"])
def test_of_a_changed_part_the_decision_and_its_parts_are_named(changed: str) -> None:
    found = places(ENTRIES | {changed: ENTRIES[changed].replace("calibration", "calibratiom", 1)})
    assert f"{LONG}, {LONG}.2, {LONG}.3" in found


def test_parts_divided_otherwise_are_found() -> None:
    whole = DECISIONS[3].as_text()
    for cut in (4999, 5001):
        changed = {LONG: whole[:cut], f"{LONG}.2": whole[cut : cut + 5000], f"{LONG}.3": whole[cut + 5000 :]}
        assert places(ENTRIES | changed)


@pytest.mark.parametrize("number", range(1, 7))
def test_a_lost_decision_is_found_also_the_last(number: int) -> None:
    assert places({key: text for key, text in ENTRIES.items() if key != f"decision.{number:06d}"})


@pytest.mark.parametrize("first", range(6))
def test_a_cut_off_end_is_found_by_the_hashes_kept_elsewhere(first: int) -> None:
    assert places(kept(DECISIONS[:first]), champion_after(DECISIONS[:first]))


def test_swapped_decisions_are_found() -> None:
    swapped = {"decision.000001": ENTRIES["decision.000002"], "decision.000002": ENTRIES["decision.000001"]}
    assert {"decision.000001", "decision.000002"} <= places(ENTRIES | swapped)


def test_an_added_decision_is_found() -> None:
    longer = chain_of(*COURSE, ("override", "4"))
    assert places(kept(longer), "4") == {"version 4"}
    assert places(ENTRIES | {"decision.note": "hello"}) == {"decision.000007", "decision.note"}


def test_a_decision_written_anew_with_its_own_hash_is_found_by_the_one_after_it() -> None:
    other = DECISIONS[1].model_copy(update={"reason": "another"})
    assert places(ENTRIES | {other.key: other.as_text()}) == {"decision.000003"}


def test_a_decision_written_anew_with_all_hashes_after_it_is_found() -> None:
    """A person who rewrites the whole chain must also change every version and every entry of the serving store."""
    other = [*COURSE[:1], ("promote", "2"), *COURSE[2:]]
    rewritten = chain_of(*other)
    found = places(kept(rewritten))
    assert found == {"version 2", "version 3", "version 4"}


@pytest.mark.parametrize("champion", ["1", "3", None])
def test_a_champion_whom_no_decision_made_is_found(champion: str | None) -> None:
    assert places(ENTRIES, champion) == {"champion"}
    assert {each.place for each in verify_chain({}, "1", [])} == {"champion"}


def test_a_champion_from_before_the_first_decision_is_named_by_it() -> None:
    decisions = chain_of(("refuse", "2"), ("promote", "3"), before="1")
    assert champion_after(decisions[:1]) == "1"
    assert champion_before(decisions) == "1"
    heads = [Head(f"version {each.version}", each.version, each.hash, latest=True) for each in decisions]
    assert verify_chain(kept(decisions), "3", heads) == []


@pytest.mark.parametrize("wrong", [None, "0" * 64, DECISIONS[2].hash, DECISIONS[0].hash])
def test_a_wrong_head_is_found(wrong: str | None) -> None:
    heads = [*HEADS[:1], Head("version 2", "2", wrong, latest=True), *HEADS[2:]]
    assert places(ENTRIES, heads=heads) == {"version 2"}


def test_a_serving_store_may_hold_an_earlier_decision_and_none_that_is_not_in_the_chain() -> None:
    earlier, unknown = (Head("entry", "2", hash_of, latest=False) for hash_of in (DECISIONS[2].hash, "f" * 64))
    assert not places(ENTRIES, heads=[*HEADS, earlier])
    assert places(ENTRIES, heads=[*HEADS, unknown]) == {"entry"}


def test_a_champion_gone_from_the_registry_is_found_and_a_refused_version_may_go() -> None:
    assert places(ENTRIES, heads=HEADS[:-1]) == set()
    assert places(ENTRIES, heads=HEADS[1:]) == {"version 1"}


@pytest.mark.parametrize(
    ("course", "restored"),
    [
        ([], None),
        ([("promote", "1")], None),
        ([("promote", "1"), ("refuse", "2")], None),
        ([("promote", "1"), ("override", "2")], "1"),
        ([("promote", "1"), ("promote", "1")], None),
        ([("promote", "1"), ("promote", "2"), ("rollback", "1")], None),
        ([("promote", "1"), ("promote", "2"), ("promote", "3"), ("rollback", "2")], "1"),
        ([("promote", "1"), ("promote", "2"), ("rollback", "1"), ("promote", "3")], "1"),
    ],
)
def test_a_rollback_goes_back_one_champion_and_never_to_one_rolled_back(
    course: list[tuple[str, str]], restored: str | None
) -> None:
    assert champion_before(chain_of(*course)) == restored


@pytest.mark.parametrize(
    ("day", "numbers"),
    [
        (date(2026, 2, 28), []),
        (date(2026, 3, 1), [1]),
        (date(2026, 3, 2), [1]),  # a refusal changes nobody
        (date(2026, 3, 3), [1, 3]),
        (date(2026, 3, 5), [4, 5]),
        (date(2026, 4, 1), [5]),
    ],
)
def test_the_champions_of_a_day_are_known_with_the_decisions_that_made_them(day: date, numbers: list[int]) -> None:
    assert [decision.number for decision in decisions_behind(DECISIONS, day)] == numbers


def test_canonical_json_is_one_text_for_one_document() -> None:
    assert canonical({"b": [1, None], "a": "ü"}) == '{"a":"\\u00fc","b":[1,null]}'
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))
