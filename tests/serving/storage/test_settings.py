"""Settings come from the environment alone; a wrong one is refused by its name, and what came is never repeated."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from features.protocol.problems import InputRefusedError, Problem
from serving.storage.settings import PREFIX, Settings, load_settings
from tests.places import ROOT

README = ROOT / "serving" / "README.md"
MARKER = "hunter2hunter2"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv((PREFIX + name).upper(), raising=False)


def problems(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[Problem, ...]:
    """Why these variables are refused; nowhere in the error is what they hold."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputRefusedError) as refused:
        load_settings()
    error = refused.value
    assert MARKER not in f"{error} {error!r} {error.problems} {error.__cause__}"
    assert not any(value in problem.found for problem in error.problems for value in variables.values())
    return error.problems


def test_without_any_variable_everything_lies_in_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.log_url().database == str(tmp_path / "kap-state" / "predictions.db")
    assert settings.secret_path == Path("kap-state/secret")
    assert not (tmp_path / "kap-state").exists(), "reading the settings makes nothing"


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "KAP_STATE": "/srv/kap",
        "KAP_SECRET_FILE": "/run/secrets/kap",
        "KAP_MODEL": "kap-outcomes:abc",
        "KAP_RELOAD_SECONDS": "0.5",
        "KAP_MOST_BODY_BYTES": "2048",
        "KAP_MOST_BATCH_BYTES": "4096",
        "KAP_BODY_SECONDS": "3",
        "KAP_ANSWER_SECONDS": "4",
        "KAP_MOST_WAITING": "5",
        "KAP_TIME_ZONE": "Europe/Berlin",
        "KAP_CORS_ORIGINS": "https://a.example, http://localhost:8080",
        "KAP_TLS_CERTIFICATE": "/srv/tls.pem",
        "KAP_TLS_KEY": "/srv/tls.key",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.state, settings.secret_path) == (Path("/srv/kap"), Path("/run/secrets/kap"))
    assert (settings.model, settings.reload_seconds, settings.most_waiting) == ("kap-outcomes:abc", 0.5, 5)
    assert (settings.most_body_bytes, settings.most_batch_bytes) == (2048, 4096)
    assert (settings.body_seconds, settings.answer_seconds) == (3, 4)
    assert settings.time_zone == ZoneInfo("Europe/Berlin")
    assert settings.cors_origins == ("https://a.example", "http://localhost:8080")
    assert (settings.tls_certificate, settings.tls_key) == (Path("/srv/tls.pem"), Path("/srv/tls.key"))


@pytest.mark.parametrize(
    "url", ["https://kap.example", "https://kap.example:8443/base", "http://127.0.0.1:3000", "http://localhost:3000"]
)
def test_the_public_address_is_encrypted_or_on_this_machine(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("KAP_PUBLIC_URL", url)
    monkeypatch.setenv("KAP_CDS_ISSUERS", "issuers.toml")
    assert (load_settings().public_url, load_settings().cds_issuers) == (url, Path("issuers.toml"))


def test_the_folder_of_the_command_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAP_STATE", "/srv/kap")
    assert load_settings(Path("/elsewhere")).state == Path("/elsewhere")


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAP_LOG", "")
    assert load_settings().log is None


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().state = Path("elsewhere")


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("KAP_RELOAD_SECONDS", "0.01", "a number out of range"),
        ("KAP_RELOAD_SECONDS", MARKER, "another text"),
        ("KAP_MOST_BODY_BYTES", "1023", "a number out of range"),
        ("KAP_MOST_BATCH_BYTES", "1073741825", "a number out of range"),
        ("KAP_MOST_WAITING", "0", "a number out of range"),
        ("KAP_TIME_ZONE", "Berlin", "an unknown time zone"),
        ("KAP_TIME_ZONE", f"../{MARKER}", "an unknown time zone"),
        ("KAP_CORS_ORIGINS", "*", "another text"),
        ("KAP_CORS_ORIGINS", f"https://a.example,{MARKER}", "another text"),
        ("KAP_CORS_ORIGINS", "https://a.example/path", "another text"),
        ("KAP_PUBLIC_URL", MARKER, "another text, or plain http to another machine"),
        ("KAP_PUBLIC_URL", "https://kap.example/", "another text, or plain http to another machine"),
        ("KAP_PUBLIC_URL", f"https://u:{MARKER}@kap.example", "another text, or plain http to another machine"),
        ("KAP_PUBLIC_URL", "http://kap.example", "another text, or plain http to another machine"),
        ("KAP_PUBLIC_URL", "https://kap.example/?x=1", "another text, or plain http to another machine"),
        ("KAP_CDS_ISSUERS", "/srv/issuers.toml", "no KAP_PUBLIC_URL: a token names the address that it opens"),
        ("KAP_CDS_NO_ANSWER", "often", "another text"),
        ("KAP_LOG", MARKER, "a text that is not a URL"),
        ("KAP_LOG", f"postgresql://u@h:{MARKER}/d", "a text that is not a URL"),
        ("KAP_LOG", f"mysql://u:{MARKER}@h/d", "a URL of another kind of database"),
        ("KAP_LOG", "postgresql+psycopg2://u@h/d", "a URL of another kind of database"),
        ("KAP_LOG", "sqlite://", "a URL that names no file, or has options"),
        ("KAP_LOG", "sqlite:///:memory:", "a URL that names no file, or has options"),
        ("KAP_LOG", "sqlite:////x.db?mode=memory", "a URL that names no file, or has options"),
        ("KAP_LOG", "postgresql://h/d", "a URL without a user or a database"),
        ("KAP_LOG", "postgresql://u@h", "a URL without a user or a database"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str, found: str) -> None:
    (problem,) = problems(monkeypatch, **{name: value})
    assert (problem.place, problem.found) == (name, found)
    assert problem.required


def test_an_option_of_the_database_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for option in ("sslmode=prefer", "sslmode=allow&sslrootcert=/x", "options=-c%20fsync%3Doff"):
        (problem,) = problems(monkeypatch, KAP_LOG=f"postgresql://u@h/d?{option}")
        assert "sslmode" in problem.found


def test_every_wrong_value_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = problems(monkeypatch, KAP_LOG="nonsense", KAP_MOST_WAITING="many", KAP_TLS_KEY="/a/key")
    assert {problem.place for problem in found} == {"KAP_LOG", "KAP_MOST_WAITING"}


def test_a_certificate_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = problems(monkeypatch, KAP_TLS_CERTIFICATE="/srv/certificate.pem")
    assert "KAP_TLS_CERTIFICATE" in problem.required


def test_a_password_is_filled_in_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAP_LOG", "postgresql://kap@db.example/log?sslmode=verify-full")
    monkeypatch.setenv("KAP_LOG_PASSWORD", MARKER)
    settings = load_settings()
    url = settings.log_url()
    assert url.drivername == "postgresql+pg8000"
    assert url.password == MARKER
    assert MARKER not in f"{settings} {settings!r} {url} {url!r} {settings.model_dump()}"


def test_a_password_and_a_file_of_one_are_refused_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("another")
    (tmp_path / "password").chmod(0o600)
    together = {"KAP_LOG_PASSWORD": MARKER, "KAP_LOG_PASSWORD_FILE": str(tmp_path / "password")}
    (problem,) = problems(monkeypatch, **together)
    assert (problem.place, problem.found) == ("KAP_LOG_PASSWORD_FILE", "KAP_LOG_PASSWORD too: set one of the two")


def test_a_password_in_the_url_stays_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAP_LOG", f"postgresql://kap:{MARKER}@db.example/log")
    monkeypatch.setenv("KAP_LOG_PASSWORD", "another")
    settings = load_settings()
    assert settings.log_url().password == MARKER
    assert MARKER not in f"{settings} {settings!r} {settings.log_url()}"


def test_the_readme_lists_every_variable_with_its_default_and_meaning() -> None:
    written = README.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = f"{default:g}" if isinstance(default, float) else str(default) if default else "not set"
        assert f"| `{(PREFIX + name).upper()}` | {shown} | {field.description} |" in written
