"""Two pairs of eyes: whose signature counts, who approves what, and what ends an approval."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.training.decisions.stores import (
    BAD,
    GOOD,
    GOOD_TOO,
    broken,
    chain,
    champion,
    done,
    kap,
    promoted,
    rewritten,
    store_of,
)
from tests.training.registries import Registry, in_use
from training.decisions.keys import key_file, read_key
from training.registry.names import MODEL_NAME

pytestmark = pytest.mark.slow


@pytest.fixture
def people(registry: Registry) -> Registry:
    """Ada, Grace and Edith may decide."""
    done("people", "add", "Ada")
    for name in ("Grace", "Edith"):
        done("people", "add", name, "--by", "Ada")
    return registry


@pytest.fixture
def policy(tmp_path: Path) -> dict[int, Path]:
    """Policies that demand so many approvals."""
    files = {number: tmp_path / f"approvals{number}.toml" for number in (0, 1, 2)}
    for number, file in files.items():
        file.write_text(f"[policy]\napprovals = {number}\n")
    return files


def proposed(version: str, *more: str | Path, by: str = "Ada") -> str:
    result = done("propose", version, "--reason", "calibrates best", "--by", by, *more)
    return result.stdout.rpartition("next: kap approve ")[2].split()[0]


def refused(code: int, said: str, *arguments: str | Path) -> None:
    result = kap(*arguments)
    assert result.exit_code == code, result.output
    assert said in " ".join(result.stderr.split()), result.stderr


def test_once_people_are_there_only_they_decide_each_with_the_own_key(people: Registry) -> None:
    refused(2, "one of the people of this store", "promote", GOOD, "--reason", "b", "--by", "Mallory", "--key",
            key_file("Ada"))  # fmt: skip
    refused(2, "the key of Mallory, a file", "promote", GOOD, "--reason", "b", "--by", "Mallory")
    refused(2, "the key of Grace that", "promote", GOOD, "--reason", "b", "--by", "Grace", "--key", key_file("Ada"))
    assert champion(people) is None
    assert not chain().decisions
    promoted(GOOD, by="Grace")
    assert "people add" not in done("history").stderr


def test_the_first_person_signs_herself_and_is_no_longer_alone_with_names_of_first_use(registry: Registry) -> None:
    promoted(GOOD, by="Ada")
    assert "kap people add says who may decide" in done("history").stderr
    done("people", "add", "Grace")
    refused(2, "one of the people of this store", "promote", GOOD_TOO, "--reason", "newer", "--by", "Ada")
    assert "[signed before people were added]" in done("history").stdout
    refused(2, "one of the people who are there", "people", "add", "Edith")
    listed = json.loads(done("people", "list", "--json").stdout)
    states = {row["name"]: row["state"] for row in listed["people"] if row["state"] != "first use"}
    assert listed["only_these_decide"]
    assert states["Grace"] in ("added", "no longer")
    assert {row["name"] for row in listed["people"] if row["state"] == "added"} == {"Grace"}
    assert champion(registry) == GOOD


def test_a_person_works_with_a_key_of_openssl_made_elsewhere(people: Registry, tmp_path: Path) -> None:
    own, public = tmp_path / "own.pem", tmp_path / "public.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", own], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", own, "-pubout", "-out", public], check=True, capture_output=True)
    refused(2, "one of the people who are there", "people", "add", "Rosalind", "--public", public)
    done("people", "add", "Rosalind", "--public", public, "--by", "Ada")
    der = subprocess.run(
        ["openssl", "pkey", "-in", own, "-pubout", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    digest = subprocess.run(["sha256sum"], input=der, check=True, capture_output=True).stdout.split()[0].decode()
    assert digest in done("people", "list").stdout
    own.chmod(0o644)
    refused(2, "a key that only its owner may read", "promote", GOOD, "--reason", "b", "--by", "Rosalind", "--key", own)
    own.chmod(0o600)
    promoted(GOOD, "--key", own, by="Rosalind")
    assert champion(people) == GOOD


def test_a_key_may_have_a_passphrase(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAP_KEY_PASSPHRASE", "correct horse")
    done("people", "add", "Ada", "--passphrase")
    assert b"ENCRYPTED" in key_file("Ada").read_bytes()
    monkeypatch.delenv("KAP_KEY_PASSPHRASE")
    refused(2, "its passphrase, in KAP_KEY_PASSPHRASE", "promote", GOOD, "--reason", "best", "--by", "Ada")
    monkeypatch.setenv("KAP_KEY_PASSPHRASE", "wrong")
    refused(2, "a key of another passphrase", "promote", GOOD, "--reason", "best", "--by", "Ada")
    monkeypatch.setenv("KAP_KEY_PASSPHRASE", "correct horse")
    promoted(GOOD)
    assert champion(registry) == GOOD


def test_a_removed_person_decides_no_more_and_earlier_decisions_stay_valid(people: Registry) -> None:
    promoted(GOOD, by="Grace")
    done("people", "remove", "Grace", "--by", "Ada")
    refused(2, "one of the people of this store", "promote", GOOD_TOO, "--reason", "newer", "--by", "Grace")
    done("people", "remove", "Edith", "--by", "Ada")
    refused(2, "the last one", "people", "remove", "Ada", "--by", "Ada")
    assert "intact" in done("history").stderr
    assert store_of(people).exists()


def test_an_entry_signed_by_a_removed_person_is_found(people: Registry) -> None:
    done("people", "remove", "Grace", "--by", "Ada")
    promoted(GOOD, by="Ada")
    grace = read_key("Grace", key_file("Grace"))
    rewritten(
        people,
        lambda each: each.model_copy(update={"by": "Grace"}),
        lambda name: grace if name == "Grace" else read_key(name, key_file(name)),
    )
    broken(people, "is signed with a key of Grace that was no longer valid")


def test_a_policy_with_approvals_is_promoted_only_when_others_approved(
    people: Registry, policy: dict[int, Path]
) -> None:
    rule = ("--policy", policy[2])
    refused(4, "it needs 2 approvals", "promote", GOOD, "--reason", "best", "--by", "Ada", *rule)
    number = proposed(GOOD, *rule)
    refused(2, "another person than the one who proposed it", "approve", number, "--by", "Ada")
    assert "1 of 2 approvals" in done("approve", number, "--by", "Grace").stdout
    refused(2, "a person who has not approved it yet", "approve", number, "--by", "Grace")
    refused(4, "has 1", "promote", GOOD, "--reason", "best", "--by", "Ada", *rule)
    assert "approved by Grace" in done("history").stdout
    assert f"kap promote {GOOD}" in done("approve", number, "--by", "Edith").stdout
    promoted(GOOD, *rule)
    assert champion(people) == GOOD
    assert chain().decisions[-1].approved_by == ("Grace", "Edith")
    assert "[approved by Grace, Edith]" in done("history").stdout
    assert not any(each.action == "refuse" for each in chain().decisions)


def test_who_approves_finds_the_proposal_by_the_number_that_was_printed(
    people: Registry, policy: dict[int, Path]
) -> None:
    number = proposed(GOOD, "--policy", policy[1])
    (found,) = json.loads(done("history", "--json").stdout)["proposals"]
    assert str(found["number"]) == str(number)
    assert found["checks"]


def test_a_key_under_two_names_approves_once(people: Registry, policy: dict[int, Path]) -> None:
    refused(2, "a key that is not there yet", "people", "add", "Twin", "--key", key_file("Grace"), "--by", "Ada")
    number = proposed(GOOD, "--policy", policy[2])
    done("approve", number, "--by", "Grace")
    refused(2, "the key of Edith that", "approve", number, "--by", "Edith", "--key", key_file("Grace"))
    assert champion(people) is None


def test_people_who_were_not_added_approve_nothing(registry: Registry, policy: dict[int, Path]) -> None:
    """A name of first use may be anybody, also the one who proposes."""
    number = proposed(GOOD, "--policy", policy[1])
    refused(2, "a person who was added", "approve", number, "--by", "Grace")
    assert champion(registry) is None


@pytest.mark.parametrize("changed", ["evidence", "seal", "policy", "champion"])
def test_an_approval_ends_when_what_was_approved_changes(
    people: Registry, policy: dict[int, Path], changed: str, tmp_path: Path
) -> None:
    if changed in ("champion", "evidence", "seal"):
        promoted(GOOD_TOO)
    number = proposed(GOOD, "--policy", policy[1], "--override")
    done("approve", number, "--by", "Grace")
    rule: tuple[str | Path, ...] = ("--policy", policy[1])
    if changed == "champion":
        promoted(BAD, "--override")
    elif changed == "policy":
        (tmp_path / "other.toml").write_text("[policy]\napprovals = 1\nin_the_large = 0.2\n")
        rule = ("--policy", tmp_path / "other.toml")
    else:
        people.client.delete_model_version_tag(MODEL_NAME, GOOD, f"{changed}_digest")
    result = kap("promote", GOOD, "--reason", "best", "--by", "Ada", "--override", *rule)
    assert result.exit_code == 4, result.output
    assert champion(people) != GOOD


def test_once_used_an_approval_does_not_promote_a_second_time(people: Registry, policy: dict[int, Path]) -> None:
    promoted(GOOD)
    done("approve", proposed(GOOD_TOO, "--policy", policy[1]), "--by", "Grace")
    promoted(GOOD_TOO, "--policy", policy[1])
    done("rollback", "--reason", "complaints", "--by", "Edith")
    refused(4, "it needs 1 approval", "promote", GOOD_TOO, "--reason", "again", "--by", "Ada", "--policy", policy[1])
    assert champion(people) == GOOD


def test_to_ask_for_fewer_approvals_takes_an_override_with_as_many_as_before(
    people: Registry, policy: dict[int, Path]
) -> None:
    done("approve", proposed(GOOD, "--policy", policy[1]), "--by", "Grace")
    promoted(GOOD, "--policy", policy[1])
    refused(4, "it needs 1 approval", "promote", GOOD_TOO, "--reason", "newer", "--by", "Ada")
    fewer = ("--override", "--policy", policy[0])
    refused(4, "it needs 1 approval", "promote", GOOD_TOO, "--reason", "newer", "--by", "Ada", *fewer)
    number = proposed(GOOD_TOO, *fewer)
    assert "a promotion needs 0 approvals, not 1" in done("approve", number, "--by", "Edith").stderr
    promoted(GOOD_TOO, *fewer)
    assert [each.action for each in chain().decisions] == ["promote", "override"]
    promoted(GOOD)
    assert champion(people) == GOOD


def test_a_rollback_needs_no_approval(people: Registry, policy: dict[int, Path]) -> None:
    promoted(GOOD)
    done("approve", proposed(GOOD_TOO, "--policy", policy[1]), "--by", "Grace")
    promoted(GOOD_TOO, "--policy", policy[1])
    done("rollback", "--reason", "complaints", "--by", "Edith")
    assert champion(people) == GOOD


def test_a_promotion_without_the_approvals_of_its_policy_is_found_even_if_all_signatures_hold(
    people: Registry, policy: dict[int, Path]
) -> None:
    promoted(GOOD)
    rewritten(
        people,
        lambda each: each.model_copy(update={"policy": (each.policy or {}) | {"approvals": 2}}),
        lambda name: read_key(name, key_file(name)),
    )
    broken(people, "needs 2 approvals, and has 0")
    assert policy


def test_a_proposal_of_a_version_that_fails_is_a_refusal(people: Registry) -> None:
    result = kap("propose", BAD, "--reason", "newer", "--by", "Ada")
    assert result.exit_code == 4
    assert "FAILED  calibration slope" in result.stdout
    assert [each.action for each in chain().decisions] == ["refuse"]
    assert kap("approve", "1", "--by", "Grace").exit_code == 2
    assert champion(people) is None


def test_people_may_be_added_before_a_model_is_registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAP_SIGNING_KEYS", str(tmp_path / "keys"))
    empty = Registry(tmp_path)
    empty.client.create_experiment("a first one")
    with in_use(empty, tmp_path / "serving"):
        done("people", "add", "Ada")
        done("people", "add", "Grace", "--by", "Ada")
        assert "no decisions yet" in done("history").stdout
        assert "Grace" in done("people", "list").stdout


def test_keys_of_people_are_no_business_of_others(registry: Registry) -> None:
    promoted(GOOD)
    assert key_file("Ada").parent.stat().st_mode & 0o777 == 0o700
    assert b"PRIVATE" not in store_of(registry).read_bytes()
