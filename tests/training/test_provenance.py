"""A run names the person who made it and the account under which it ran."""

import getpass

import pytest

from features.protocol.problems import InputRefusedError
from training.provenance import EVALUATED_BY, TRAINED_BY, collect_provenance


def test_the_person_is_the_one_who_is_named_and_else_the_account() -> None:
    assert collect_provenance(" Ada Lovelace ").as_tags()[TRAINED_BY] == "Ada Lovelace"
    assert collect_provenance().as_tags()[TRAINED_BY] == getpass.getuser()
    assert collect_provenance("Ada").as_tags()["account"].startswith(f"{getpass.getuser()} on ")


def test_an_evaluation_names_who_evaluated_and_not_who_trained() -> None:
    tags = collect_provenance("Ada").as_tags(EVALUATED_BY)
    assert tags[EVALUATED_BY] == "Ada"
    assert TRAINED_BY not in tags


@pytest.mark.parametrize("name", ["", "  ", "A\x00B", "x" * 201])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InputRefusedError) as refused:
        collect_provenance(name)
    assert [problem.column for problem in refused.value.problems] == ["--by"]


def test_an_account_without_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise OSError

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert collect_provenance().by == "unknown"
