"""Several people may begin at once in an empty place: nobody's first command ends in an error of the store."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.commands import KAP, Workplace
from tests.training.evidences import good_evidence
from tests.training.registries import Registry

BEGIN = """
import sys, time
from pathlib import Path
from training.tracking.opened import open_run
from training.tracking.rights import require_recording_rights
Path(sys.argv[1]).touch()
while len(list(Path().glob("ready-*"))) < int(sys.argv[2]):
    time.sleep(0.01)
require_recording_rights("kap-outcomes", "kap")
print(open_run("kap-outcomes", "kap", "north", time.time()))
"""
AT_ONCE = 3


@pytest.mark.slow
def test_first_trainings_at_once_find_one_store(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", BEGIN, f"ready-{number}", str(AT_ONCE)],
            cwd=tmp_path, env=place.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(AT_ONCE)
    ]  # fmt: skip
    ended = [process.communicate(timeout=240) for process in begun]
    assert [process.returncode for process in begun] == [0] * AT_ONCE, [said for _, said in ended]
    runs = {found.split()[-1] for found, _ in ended}
    assert len(runs) == AT_ONCE
    listed = place.kap("runs")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.count("(not ended)") == AT_ONCE


@pytest.mark.slow
def test_of_first_promotions_at_once_one_decides_and_the_other_is_refused(tmp_path: Path) -> None:
    """The first decision makes the decision store. Nobody replaces a champion whom they have not seen."""
    registry, place = Registry(tmp_path), Workplace(tmp_path)
    for _ in range(2):
        registry.register(good_evidence())
    promotions = [("promote", version, "--reason", "first", "--by", by) for version, by in (("1", "Ada"), ("2", "Eve"))]
    begun = [
        subprocess.Popen(
            [KAP, *words, "--override"],
            cwd=tmp_path, env=place.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for words in promotions
    ]  # fmt: skip
    said = [process.communicate(timeout=240)[1] for process in begun]
    refused = [number for number, process in enumerate(begun) if process.returncode != 0]
    assert len(refused) < 2, said
    for number in refused:
        assert begun[number].returncode == 2
        assert "run the command again" in said[number]
        again = place.kap(*promotions[number], "--override")
        assert again.returncode == 0, again.stderr
    history = place.kap("history", "--json")
    assert history.returncode == 0, history.stderr
    decided = json.loads(history.stdout)["decisions"]
    assert [one["number"] for one in decided] == [1, 2]
    assert {(one["version"], one["by"]) for one in decided} == {("1", "Ada"), ("2", "Eve")}
    assert decided[1]["previous_champion"] == decided[0]["version"]
