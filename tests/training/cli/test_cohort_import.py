"""`kap cohort map` and `kap cohort import`, as a clinic's data manager types them."""

from pathlib import Path

import numpy as np
import pytest

from tests.places import SHARED
from tests.training.commands import SameProcess, refused
from tests.training.intake.small_clinic import SESSIONS, SmallClinic
from training.cohort.reader import read_cohort
from training.intake.sources.dispatch import read_source

CLINIC_EXPORT = SHARED / "clinic-export"


@pytest.fixture
def place(tmp_path: Path) -> SameProcess:
    return SameProcess(tmp_path)


def with_route_codes(folder: Path) -> SmallClinic:
    sessions = "id,date,route\nA,2025-03-10,1\nA,2025-03-17,1\nB,2025-04-01,2\n"
    return SmallClinic(folder).write(sessions=sessions)


def test_map_asks_and_import_refuses_until_it_is_answered(place: SameProcess) -> None:
    with_route_codes(place.folder)
    done = place.kap("cohort", "map", "export", "--out", "clinic.toml")
    assert done.returncode == 0, done.stderr
    assert "clinic.toml: key sessions.1.route: Which route does each code of column route mean?" in done.stdout
    assert "1 question to answer in it; then run kap cohort import export DIR --map clinic.toml" in done.stdout
    said = refused(place.kap("cohort", "import", "export", "cohort", "--map", "clinic.toml"), 2)
    assert "clinic.toml, key sessions.1.route: required an answer" in said
    assert not (place.folder / "cohort").exists()
    mapping = place.folder / "clinic.toml"
    text = mapping.read_text(encoding="utf-8").replace('1 = "?", 2 = "?"', '1 = "intramuscular", 2 = "intravenous"')
    mapping.write_text(text, encoding="utf-8")
    done = place.kap("cohort", "import", "export", "cohort", "--map", "clinic.toml")
    assert done.returncode == 0, done.stderr
    assert "pseudonyms by a new key in clinic.key, which only you may read: keep it" in done.stdout
    assert len(read_cohort(place.folder / "cohort")) == 2


def test_a_source_that_tells_all_is_imported_without_a_mapping(place: SameProcess) -> None:
    SmallClinic(place.folder).write(sessions=SESSIONS.replace("dose", "room"), kinds="id,x\n")
    (place.folder / "export" / "sessions.csv").rename(place.folder / "export" / "dosing.csv")
    done = place.kap("cohort", "import", "export", "cohort")
    assert done.returncode == 0, done.stderr
    assert "not read: dosing.csv: column room" in done.stdout
    assert (place.folder / "cohort.key").exists()


def test_a_second_key_is_said_to_give_other_pseudonyms(place: SameProcess) -> None:
    SmallClinic(place.folder).write(sessions=SESSIONS.replace("dose", "room"), kinds="id,x\n")
    (place.folder / "export" / "sessions.csv").rename(place.folder / "export" / "dosing.csv")
    first = place.kap("cohort", "import", "export", "cohort").stdout
    assert "Imports by another key have other pseudonyms for the same patients." in first
    second = place.kap("cohort", "import", "export", "cohort-2").stdout
    assert "for the same patients; for those of cohort.key beside it, import again with --key." in second
    third = place.kap("cohort", "import", "export", "cohort-3", "--key", "cohort.key").stdout
    assert "pseudonyms by the key in cohort.key, the same as with this key before" in third
    ids = [sorted(read_cohort(place.folder / name).patient_ids) for name in ("cohort", "cohort-2", "cohort-3")]
    assert ids[0] == ids[2]
    assert not set(ids[0]) & set(ids[1])


def test_without_a_mapping_open_questions_are_listed_with_the_next_step(place: SameProcess) -> None:
    with_route_codes(place.folder)
    said = refused(place.kap("cohort", "import", "export", "cohort"), 2)
    assert "key sessions.1.route: required an answer" in said
    assert "run kap cohort map export --out mapping.toml, answer it, and import with --map" in said


def test_a_mapping_with_answers_is_not_written_over(place: SameProcess) -> None:
    with_route_codes(place.folder)
    (place.folder / "clinic.toml").write_text("mine", encoding="utf-8")
    said = refused(place.kap("cohort", "map", "export", "--out", "clinic.toml"), 2)
    assert "required a file that does not exist yet, so that no answers are lost" in said
    assert (place.folder / "clinic.toml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere", "required an existing file or folder"),
        ("empty", "no such file"),
        ("old.xls", "save it as .xlsx or CSV"),
    ],
)
def test_what_is_no_source_is_refused(place: SameProcess, source: str, said: str) -> None:
    (place.folder / "empty").mkdir()
    (place.folder / "old.xls").write_bytes(b"x")
    assert said in refused(place.kap("cohort", "map", source, "--out", "clinic.toml"), 2)


@pytest.mark.skipif(not CLINIC_EXPORT.is_dir(), reason="needs ../shared/clinic-export")
def test_the_export_of_a_clinic_takes_four_answers(place: SameProcess) -> None:
    """Its letter says which route each code is; what a tick or no tick means, nobody but the clinic knows."""
    done = place.kap("cohort", "map", CLINIC_EXPORT, "--out", "kap.toml")
    assert "4 questions to answer in it" in done.stdout
    mapping = place.folder / "kap.toml"
    routes = '1 = "sublingual", 2 = "intramuscular", 3 = "intravenous"'
    text = mapping.read_text(encoding="utf-8").replace('1 = "?", 2 = "?"', routes)
    text = text.replace('["yes", "no"], answer = "?"', '["yes", "no"], answer = "yes"').replace(
        '"?"}', '"not_recorded"}'
    )
    mapping.write_text(text, encoding="utf-8")
    done = place.kap("cohort", "import", CLINIC_EXPORT, "cohort", "--map", "kap.toml")
    assert done.returncode == 0, done.stderr
    assert "5,624 totals of gad7 that agree with their items" in done.stdout
    assert "330 missing items of gad7: the mean of the others stands for each" in done.stdout
    cohort = read_cohort(place.folder / "cohort")
    assert (len(cohort), len(cohort.sessions), len(cohort.assessments)) == (600, 5408, 11571)
    assert np.count_nonzero(cohort.number("prior_treatments_recorded")) == 424
    assert np.count_nonzero(np.isnan(cohort.number("comorbid_depression"))) == 250


@pytest.mark.parametrize(
    "address",
    ["postgresql://u:hidden@127.0.0.1:1/x", "postgresql:/u:hidden@h", "POSTGRESQL://u:hidden@h", "mysql://u:hidden@h",
     "u:hidden@h", "postgresql://u:hidden@h:port/x"],
)  # fmt: skip
@pytest.mark.parametrize("command", [("import", "cohort"), ("map", "--out", "m.toml")])
def test_no_message_shows_the_password_of_an_address(
    place: SameProcess, address: str, command: tuple[str, ...]
) -> None:
    done = place.kap("cohort", command[0], address, *command[1:])
    assert done.returncode == 2
    assert "SOURCE: required" in done.stderr
    assert "hidden" not in done.stdout + done.stderr


def test_open_questions_of_a_database_do_not_show_its_password(
    place: SameProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = read_source(with_route_codes(place.folder).source)
    monkeypatch.setattr("training.intake.sources.dispatch.read_source", lambda _: source)
    said = refused(place.kap("cohort", "import", "postgresql://u:hidden@h/x", "cohort"), 2)
    assert "run kap cohort map SOURCE --out mapping.toml" in said
    assert "hidden" not in said
