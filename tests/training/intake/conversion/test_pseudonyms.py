"""Pseudonyms by a key that lies outside the cohort and that only its owner may read."""

import re
import stat
from pathlib import Path

import pytest

from features.protocol.problems import InputRefusedError
from tests.training.intake.small_clinic import MAPPING, SESSIONS, SmallClinic
from training.cohort.reader import describe_problems
from training.intake.conversion.cohort_import import import_cohort
from training.intake.conversion.pseudonyms import PseudonymKey, pseudonyms_of
from training.intake.mapping_reading import read_mapping
from training.intake.sources.dispatch import read_source

KEYED = MAPPING.replace("pseudonyms = false", "pseudonyms = true")


def test_the_key_is_made_for_its_owner_alone_and_gives_the_same_pseudonyms_again(clinic: SmallClinic) -> None:
    clinic.write().import_it(KEYED)
    key, first = clinic.path / "clinic.key", clinic.table("patients")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    clinic.cohort.rename(clinic.path / "last month")
    clinic.write(sessions=SESSIONS + "A,2025-04-30,60\n").import_it(KEYED)
    assert clinic.table("patients") == first
    assert all(re.match(r"P-[0-9a-f]{16} ", row) for row in first)


def test_another_key_gives_other_pseudonyms(tmp_path: Path) -> None:
    one, other = (PseudonymKey(tmp_path / name) for name in ("one.key", "other.key"))
    assert not set(pseudonyms_of(["A", "B"], one)) & set(pseudonyms_of(["A", "B"], other))


def test_one_id_in_two_unicode_forms_is_one_patient(clinic: SmallClinic) -> None:
    ratings = "id,date,scale,score\nMu\u0308ller,2025-03-10,GAD-7,3\n"
    clinic.write(
        patients="id,born,sex\nM\u00fcller,1980-05-10,F\n",
        sessions="id,date\n M\u00fcller ,2025-03-10\n",
        ratings=ratings,
    ).import_it(KEYED)
    assert len(clinic.table("patients")) == len(clinic.table("assessments")) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_is_refused(clinic: SmallClinic, mode: int) -> None:
    key = clinic.path / "clinic.key"
    PseudonymKey(key).save()
    key.chmod(mode)
    (found,) = clinic.write().refusal(KEYED)
    assert "option --key: required a file that only its owner may read: chmod 600 clinic.key" in found


def test_a_file_that_is_no_key_is_refused(clinic: SmallClinic) -> None:
    key = clinic.path / "clinic.key"
    key.write_text("my password\n", encoding="ascii")
    key.chmod(0o600)
    (found,) = clinic.write().refusal(KEYED)
    assert "required a key as kap cohort import wrote it" in found
    assert "password" not in found


def test_a_key_inside_the_cohort_is_refused(clinic: SmallClinic) -> None:
    source, mapping = read_source(clinic.write().source), read_mapping(KEYED)
    with pytest.raises(InputRefusedError) as refused:
        import_cohort(source, mapping, clinic.cohort, clinic.cohort / "clinic.key")
    assert "required a file outside the cohort's folder" in describe_problems(refused.value.problems)[0]
    assert not clinic.cohort.exists()


def test_a_refused_import_leaves_no_key(clinic: SmallClinic) -> None:
    clinic.write(ratings="id,date,scale,score\nA,2025-03-10,GAD-7,99\n").refusal(KEYED)
    assert not (clinic.path / "clinic.key").exists()


def test_two_patients_with_one_pseudonym_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.intake.conversion.pseudonyms.HEX_DIGITS", 1)
    with pytest.raises(InputRefusedError) as refused:
        pseudonyms_of([str(number) for number in range(17)], PseudonymKey(tmp_path / "k.key"))
    assert "another key" in describe_problems(refused.value.problems)[0]


def test_sites_are_pseudonyms_where_the_mapping_says_so(clinic: SmallClinic) -> None:
    mapping = KEYED.replace("sex = {", 'site_id = { column = "sex", convert = "pseudonym" }\nsex = {')
    clinic.write().import_it(mapping)
    assert all(re.match(r"P-\w{16} P-\w{16} ", row) for row in clinic.table("patients"))
