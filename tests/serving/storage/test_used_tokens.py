"""A token counts once on a host, and its traces go when it can't be valid any more."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from serving.storage.used_tokens import FOLDER, KEPT_SECONDS, SWEEP_SECONDS, UsedTokens

EHR = "https://ehr.example/"


def test_a_token_counts_once_for_all_processes(tmp_path: Path) -> None:
    one, other = UsedTokens(tmp_path), UsedTokens(tmp_path)
    assert [one.use(EHR, "a"), other.use(EHR, "a"), one.use(EHR, "a")] == [True, False, False]
    assert [one.use(EHR, "b"), one.use("https://other.example/", "a")] == [True, True]
    assert UsedTokens(tmp_path).use(EHR, "a") is False, "also after a restart"


def test_names_and_ids_do_not_run_together(tmp_path: Path) -> None:
    used = UsedTokens(tmp_path)
    assert [used.use("ab", "c"), used.use("a", "bc")] == [True, True]


def test_nothing_of_a_token_is_kept_and_only_its_owner_may_look(tmp_path: Path) -> None:
    UsedTokens(tmp_path / "state").use(EHR, "../XMARKERX")
    (file,) = (tmp_path / "state" / FOLDER).iterdir()
    assert file.read_bytes() == b""
    assert "XMARKERX" not in file.name
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_tokens_that_cannot_be_valid_any_more_are_removed(tmp_path: Path) -> None:
    now = 1_800_000_000.0
    used = UsedTokens(tmp_path, lambda: now)
    used.use(EHR, "a")
    (file,) = (tmp_path / FOLDER).iterdir()
    os.utime(file, (now - KEPT_SECONDS, now - KEPT_SECONDS))
    now += SWEEP_SECONDS - 1
    assert not used.use(EHR, "a"), "it is looked through once a minute"
    now += 1
    assert used.use(EHR, "b")
    assert used.use(EHR, "a"), "the old trace is gone"


def test_processes_that_remove_old_tokens_at_once_do_not_refuse_new_ones(tmp_path: Path) -> None:
    used = [UsedTokens(tmp_path) for _ in range(8)]
    for number in range(2000):
        file = tmp_path / FOLDER / f"{number:064}"
        file.touch()
        os.utime(file, (0, 0))
    with ThreadPoolExecutor(len(used)) as threads:
        assert all(threads.map(lambda one: one[1].use(EHR, str(one[0])), enumerate(used)))
    assert len(list((tmp_path / FOLDER).iterdir())) == len(used)
