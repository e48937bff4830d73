"""A licence is what the package's metadata state: normalised where it has one meaning, and never guessed."""

from email.message import Message
from importlib.metadata import version
from types import SimpleNamespace

import pytest

from training.documents import licences
from training.documents.licences import PackageLicence, licence_of, normalised


def stated(monkeypatch: pytest.MonkeyPatch, **fields: str | list[str]) -> PackageLicence:
    metadata = Message()
    for key, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            metadata[key.replace("_", "-")] = value
    monkeypatch.setattr(licences, "distribution", lambda _: SimpleNamespace(version="1.0", metadata=metadata))
    return licence_of("made-up", "1.0")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"License_Expression": "MIT"}, PackageLicence("id", "MIT")),
        ({"License_Expression": "apache-2.0 or mit"}, PackageLicence("expression", "Apache-2.0 OR MIT")),
        ({"License": "Apache License, Version 2.0"}, PackageLicence("id", "Apache-2.0")),
        ({"License": "BSD"}, PackageLicence("name", "BSD")),
        (
            {"License": "x" * 5000, "Classifier": ["License :: OSI Approved :: MIT License"]},
            PackageLicence("id", "MIT"),
        ),
        (
            {"License": "BSD", "Classifier": ["License :: OSI Approved :: MIT License"]},
            PackageLicence("id", "MIT"),
        ),
        (
            {"Classifier": ["License :: OSI Approved :: BSD License", "License :: OSI Approved :: MIT License"]},
            PackageLicence("name", "BSD License; MIT License"),
        ),
        ({"License": "UNKNOWN"}, PackageLicence("unknown", "its metadata state no licence by a short name")),
        ({"Name": "made-up"}, PackageLicence("unknown", "its metadata state no licence by a short name")),
    ],
    ids=str,
)
def test_a_licence_is_read_as_it_is_stated(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, str | list[str]], expected: PackageLicence
) -> None:
    assert stated(monkeypatch, **fields) == expected


def test_a_package_that_is_not_here_in_this_version_has_no_known_licence() -> None:
    assert licence_of("no-such-package", "1.0") == PackageLicence("unknown", "not installed here")
    assert licence_of("numpy", "0.1").stated == f"installed here in version {version('numpy')}"


def test_a_word_that_spdx_does_not_know_stays_as_it_is() -> None:
    assert normalised("bsd-3-clause and LicenseRef-own") == "BSD-3-Clause AND LicenseRef-own"
