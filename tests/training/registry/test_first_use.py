"""Several people may begin at once in an empty place: nobody's first command ends in an error of the store."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.commands import Workplace

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
