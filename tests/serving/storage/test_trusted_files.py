"""What the service keeps or is given is its own: another's, an open file or a link is refused, with what to type."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import pytest

from features.protocol.problems import InputRefusedError
from serving.contract.failures import FileRefusedError, LogUnavailableError, SecretRefusedError, StateError
from serving.storage.database import reading
from serving.storage.log_location import open_log
from serving.storage.pseudonyms import Secret
from serving.storage.rate_limit import RateLimiter
from serving.storage.settings import Settings, load_settings
from serving.storage.state import begin_state, check_files
from serving.storage.tls import check_certificate
from serving.storage.trusted_files import OPEN_FILES, read_given
from tests.serving.certificates import make_certificate

STRANGER = 65_534
SECRET_TEXT = "ab" * 32
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A state folder with everything that the service keeps in it."""
    made = Settings(state=tmp_path / "state")
    state = begin_state(made)
    RateLimiter(made.state).close()
    with reading(state.engine):
        for name in ("predictions.db-wal", "predictions.db-shm"):
            assert (made.state / name).exists()
    state.engine.dispose()
    return made


KEPT = ["secret", "predictions.db", "predictions.db-wal", "predictions.db-shm", "predictions.db-journal", "rate-limits"]


def as_kept(settings: Settings, name: str) -> Path:
    path = settings.state / name
    path.touch(mode=0o600)
    return path


def test_what_the_service_makes_is_its_own_and_in_order(settings: Settings) -> None:
    check_files(settings)
    begin_state(settings).engine.dispose()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
def test_a_state_folder_that_others_can_change_is_refused_with_what_to_type(settings: Settings, mode: int) -> None:
    settings.state.chmod(mode)
    with pytest.raises(FileRefusedError, match="others can change the folder") as refused:
        begin_state(settings)
    (command,) = re.findall(r"run (chmod .*?),", str(refused.value))
    subprocess.run(shlex.split(command), check=True)
    begin_state(settings).engine.dispose()


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o602])
def test_a_file_open_to_others_is_refused_with_what_to_type(settings: Settings, name: str, mode: int) -> None:
    path = as_kept(settings, name)
    path.chmod(mode)
    with pytest.raises(StateError, match="is open to others") as refused:
        begin_state(settings)
    (command,) = re.findall(r"run (chmod .*?),", str(refused.value))
    subprocess.run(shlex.split(command), check=True)
    check_files(settings)


@pytest.mark.parametrize("name", KEPT)
def test_a_link_in_the_state_folder_is_not_followed(settings: Settings, tmp_path: Path, name: str) -> None:
    path = as_kept(settings, name)
    path.replace(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match=f"{name} is a symbolic link: put the file itself there"):
        begin_state(settings)


@needs_root
@pytest.mark.parametrize("name", [".", *KEPT])
def test_anothers_file_or_folder_is_refused(settings: Settings, name: str) -> None:
    path = settings.state if name == "." else as_kept(settings, name)
    os.chown(path, STRANGER, -1)
    with pytest.raises(
        StateError, match=rf"belongs to another user \(number {STRANGER}\): run as .* -u '#{STRANGER}'\)$"
    ):
        begin_state(settings)


def test_a_foreign_link_does_not_have_another_file_overwritten(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"precious")
    other.chmod(0o600)
    for target in (other, tmp_path / "absent"):
        (tmp_path / "rate-limits").symlink_to(target)
        with pytest.raises(FileRefusedError, match="symbolic link"):
            RateLimiter(tmp_path)
        (tmp_path / "rate-limits").unlink()
    assert other.read_bytes() == b"precious"
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("name", ["predictions.db", "predictions.db-wal", "predictions.db-shm"])
def test_a_link_made_while_the_service_runs_is_not_followed(settings: Settings, tmp_path: Path, name: str) -> None:
    state = begin_state(settings)
    state.engine.dispose()
    path = as_kept(settings, name)
    path.replace(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LogUnavailableError, match="is a symbolic link"), reading(state.engine):
        pass
    state.engine.dispose()


def test_a_database_outside_the_state_folder_is_checked_with_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "database"
    settings = Settings(state=tmp_path / "state", log=f"sqlite:///{folder}/log.db")
    begin_state(settings).engine.dispose()
    (folder / "log.db").chmod(0o644)
    with pytest.raises(FileRefusedError, match=r"log\.db is open to others"):
        begin_state(settings)
    (folder / "log.db").chmod(0o600)
    folder.chmod(0o777)
    with pytest.raises(FileRefusedError, match="others can change the folder"):
        begin_state(settings)


def test_folders_above_a_new_state_folder_are_private_too(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        begin_state(Settings(state=tmp_path / "kap" / "state")).engine.dispose()
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "kap", tmp_path / "kap" / "state")] == [0o700, 0o700]


def test_a_certificates_key_that_others_can_read_is_refused_and_the_certificate_itself_is_public(
    tmp_path: Path,
) -> None:
    pair = make_certificate(tmp_path)
    settings = Settings(tls_certificate=pair.certificate, tls_key=pair.key)
    pair.certificate.chmod(0o644)
    check_certificate(settings)
    pair.key.chmod(0o644)
    with pytest.raises(InputRefusedError) as refused:
        check_certificate(settings)
    (problem,) = refused.value.problems
    assert problem.place == "KAP_TLS_KEY"
    assert f"run chmod 600 {pair.key}" in problem.found
    pair.key.chmod(0o600)
    pair.certificate.chmod(0o666)
    with pytest.raises(InputRefusedError) as refused:
        check_certificate(settings)
    assert refused.value.problems[0].place == "KAP_TLS_CERTIFICATE"


def kubernetes_secret(folder: Path) -> Path:
    """A mounted secret as the kubelet makes it: the file behind two links, so that both are replaced at once."""
    (folder / "..2026_01_01").mkdir()
    (folder / "..2026_01_01" / "secret").write_text(SECRET_TEXT)
    (folder / "..2026_01_01" / "secret").chmod(0o400)
    (folder / "..data").symlink_to("..2026_01_01")
    (folder / "secret").symlink_to("..data/secret")
    return folder / "secret"


def certbot_key(folder: Path) -> Path:
    """A file as certbot renews it: a link that leads to another folder."""
    (folder / "archive").mkdir()
    (folder / "live").mkdir()
    (folder / "archive" / "key1").write_text(SECRET_TEXT)
    (folder / "archive" / "key1").chmod(0o600)
    (folder / "live" / "key").symlink_to("../archive/key1")
    return folder / "live" / "key"


@pytest.mark.parametrize("made", [kubernetes_secret, certbot_key])
def test_a_given_file_may_be_a_link_of_the_user_or_root(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    path = made(tmp_path)
    assert read_given(path, secret=True).decode() == SECRET_TEXT
    begin_state(Settings(state=tmp_path / "state", secret_file=path)).engine.dispose()


@needs_root
@pytest.mark.parametrize("made", [kubernetes_secret, certbot_key])
def test_a_link_that_another_user_made_and_the_file_of_another_user_are_refused(
    tmp_path: Path, made: Callable[[Path], Path]
) -> None:
    path = made(tmp_path)
    os.chown(path, STRANGER, -1, follow_symlinks=False)
    with pytest.raises(SecretRefusedError, match="belongs to another user"):
        Secret.load(path)
    os.chown(path, 0, -1, follow_symlinks=False)
    os.chown(path.resolve(), STRANGER, -1)
    with pytest.raises(SecretRefusedError, match="belongs to another user"):
        Secret.load(path)


def away(folder: Path) -> Path:
    """A state folder behind a link in a folder above it."""
    (folder / "disk" / "kap").mkdir(parents=True)
    (folder / "kap").symlink_to("disk/../disk/kap")
    return folder / "kap" / "state"


def test_a_state_folder_may_be_behind_links_of_the_user_and_folders_like_tmp(tmp_path: Path) -> None:
    state = away(tmp_path)
    (tmp_path / "disk").chmod(0o1777)
    begin_state(Settings(state=state)).engine.dispose()
    check_files(Settings(state=state))


@pytest.mark.parametrize("changeable", ["disk", "."])
def test_a_folder_above_that_others_can_change_is_refused(tmp_path: Path, changeable: str) -> None:
    state = away(tmp_path)
    secret = state.parent / "secret"
    secret.write_text(SECRET_TEXT)
    secret.chmod(0o600)
    (tmp_path / changeable).chmod(0o777)
    with pytest.raises(FileRefusedError, match="others can change the folder"):
        check_files(Settings(state=state))
    with pytest.raises(SecretRefusedError, match="others can change the folder"):
        Secret.load(secret)


@needs_root
def test_a_folder_above_may_be_changed_by_the_services_own_group_only(tmp_path: Path) -> None:
    state = away(tmp_path)
    (tmp_path / "disk").chmod(0o2775)
    check_files(Settings(state=state))
    os.chown(tmp_path / "disk", -1, STRANGER)
    with pytest.raises(FileRefusedError, match="others can change the folder"):
        check_files(Settings(state=state))


@needs_root
def test_a_link_of_another_user_above_the_folder_or_to_it_is_refused(tmp_path: Path) -> None:
    state = away(tmp_path)
    state.mkdir(mode=0o700)
    os.chown(tmp_path / "kap", STRANGER, -1, follow_symlinks=False)
    with pytest.raises(FileRefusedError, match="belongs to another user"):
        check_files(Settings(state=state))
    (tmp_path / "linked").symlink_to(state.resolve())
    check_files(Settings(state=tmp_path / "linked"))
    os.chown(tmp_path / "linked", STRANGER, -1, follow_symlinks=False)
    with pytest.raises(FileRefusedError, match="belongs to another user"):
        check_files(Settings(state=tmp_path / "linked"))


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileRefusedError, match="can't be looked at"):
        check_files(Settings(state=tmp_path / "a" / "state"))


def test_commands_check_what_the_service_checks_except_a_copy_given_by_path(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAP_STATE", str(settings.state))
    path = settings.state / "predictions.db"
    path.chmod(0o644)
    with pytest.raises(FileRefusedError, match="is open to others"):
        open_log(None)
    with pytest.raises(FileRefusedError, match="is open to others"):
        open_log(f"sqlite:///{path}")
    path.chmod(0o600)
    copy = settings.state / "copy"
    copy.mkdir()
    for name in ("predictions.db", "secret"):
        shutil.copy(settings.state / name, copy / name)
    (copy / "predictions.db").chmod(0o644)
    open_log(str(copy / "predictions.db")).engine.dispose()


@contextmanager
def as_service(group: int) -> Iterator[None]:
    """The rights of a service that runs as another user than root."""
    os.setegid(group)
    os.seteuid(STRANGER)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@needs_root
@pytest.mark.parametrize(("mode", "accepted"), [(0o440, True), (0o640, True), (0o444, False), (0o460, False)])
def test_a_secret_of_root_may_be_passed_on_to_the_services_group_and_to_nobody_else(
    monkeypatch: pytest.MonkeyPatch, mode: int, accepted: bool
) -> None:
    with TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        folder.chmod(0o755)
        path = kubernetes_secret(folder)
        path.chmod(mode)
        os.chown(path, 0, STRANGER)
        monkeypatch.setenv("KAP_LOG", "postgresql://kap@db.example/log")
        monkeypatch.setenv("KAP_LOG_PASSWORD_FILE", str(path))
        with as_service(STRANGER), nullcontext() if accepted else pytest.raises(SecretRefusedError, match="is open to"):
            Secret.load(path)
        with as_service(STRANGER), nullcontext() if accepted else pytest.raises(InputRefusedError):
            settings = load_settings()
            assert settings.log_url().password == SECRET_TEXT


@needs_root
def test_another_user_than_root_learns_what_root_may_do(tmp_path: Path) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        path = folder / "secret"
        path.write_text(SECRET_TEXT)
        path.chmod(0o644)
        os.chown(path, STRANGER - 1, -1)
        with as_service(STRANGER), pytest.raises(SecretRefusedError, match=rf"root run chown {STRANGER} "):
            Secret.load(path)


def test_a_password_that_the_main_process_left_open_is_read_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAP_LOG", "postgresql://kap@db.example/log")
    with TemporaryFile() as left:
        left.write(SECRET_TEXT.encode())
        left.flush()
        monkeypatch.setenv("KAP_LOG_PASSWORD_FILE", str(OPEN_FILES / str(left.fileno())))
        for _ in range(2):
            assert load_settings().log_url().password == SECRET_TEXT


@pytest.mark.parametrize(
    ("mode", "content", "found"),
    [
        (0o644, b"a password", "run chmod 600"),
        (0o600, b"\n", "empty or too long"),
        (0o600, b"x" * 5000, "empty or too long"),
        (0o600, b"\xff", "not text in UTF-8"),
    ],
)
def test_a_password_file_that_can_not_be_used_is_refused_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, content: bytes, found: str
) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    path.chmod(mode)
    monkeypatch.setenv("KAP_LOG_PASSWORD_FILE", str(path))
    with pytest.raises(InputRefusedError) as refused:
        load_settings()
    (problem,) = refused.value.problems
    assert problem.place == "KAP_LOG_PASSWORD_FILE"
    assert found in problem.found
