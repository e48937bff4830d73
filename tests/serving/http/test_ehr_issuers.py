"""The issuer file and the keys of EHRs: every mistake is named by its key, and no key or address is taken on trust."""

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jwt.algorithms import ECAlgorithm

from features.protocol.problems import InputRefusedError
from serving.http import key_sets
from serving.http.ehr_issuers import load_issuers
from serving.http.key_sets import (
    FRESH_SECONDS,
    KEPT_SECONDS,
    MOST_BYTES,
    MOST_KEYS,
    PAUSE_SECONDS,
    FetchedKeys,
    KeySetRefusedError,
    fetch,
    read_key_set,
)
from tests.serving.certificates import make_certificate
from tests.serving.http.ehrs import Ehr, SigningKey, elliptic, key_set, with_rsa, write_issuers


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return elliptic()


@pytest.fixture
def file(tmp_path: Path, key: SigningKey) -> Path:
    return write_issuers(tmp_path, Ehr(key))


def problems(path: Path) -> list[tuple[str, str]]:
    """Which keys of a file are wrong, and what was found."""
    with pytest.raises(InputRefusedError) as refused:
        load_issuers(path)
    for problem in refused.value.problems:
        assert problem.place.startswith("KAP_CDS_ISSUERS")
        assert "XMARKERX" not in f"{problem.place} {problem.required} {problem.found}"
    return [(problem.column or "", problem.found) for problem in refused.value.problems]


def test_without_a_file_there_is_no_ehr() -> None:
    assert load_issuers(None) == ()


def test_a_file_gives_its_ehrs_with_the_recommended_algorithms(tmp_path: Path, file: Path) -> None:
    file.write_text(
        '[[issuer]]\niss = "a"\nname = "a"\njwks_file = "keys.json"\n'
        '[[issuer]]\niss = "b"\nname = "b"\njwks_url = "https://ehr.example/keys?v=1"\nper_minute = 5\n'
    )
    first, second = load_issuers(file)
    assert (first.caller, first.algorithms, first.per_minute) == ("ehr:a", ("ES384", "RS384"), 600)
    assert (second.jku, second.per_minute, second.slot - first.slot) == (
        frozenset({"https://ehr.example/keys?v=1"}),
        5,
        1,
    )


WRONG = {
    "no TOML": ("issuer = [", [("", "another text")]),
    "nothing": ("", [("issuer", "nothing")]),
    "no issuer": ("issuer = []", [("issuer", "another value")]),
    "another key": ('XMARKERX = 1\n[[issuer]]\niss = "a"\nname = "a"\njwks_file = "keys.json"', [("", "another key")]),
    "no name": ('[[issuer]]\niss = "a"\njwks_file = "keys.json"', [("issuer[0].name", "nothing")]),
    "a name with capitals": (
        '[[issuer]]\niss = "a"\nname = "XMARKERX"\njwks_file = "keys.json"',
        [("issuer[0].name", "another value")],
    ),
    "keys by plain http": (
        '[[issuer]]\niss = "a"\nname = "a"\njwks_url = "http://XMARKERX.example/keys"',
        [("issuer[0].jwks_url", "another value")],
    ),
    "a password in an address": (
        '[[issuer]]\niss = "a"\nname = "a"\njwks_url = "https://u:XMARKERX@ehr.example/keys"',
        [("issuer[0].jwks_url", "another value")],
    ),
    "a shared key": (
        '[[issuer]]\niss = "a"\nname = "a"\njwks_file = "keys.json"\nalgorithms = ["HS256"]',
        [("issuer[0].algorithms", "another value")],
    ),
    "unsigned tokens": (
        '[[issuer]]\niss = "a"\nname = "a"\njwks_file = "keys.json"\nalgorithms = ["none"]',
        [("issuer[0].algorithms", "another value")],
    ),
    "no limit": (
        '[[issuer]]\niss = "a"\nname = "a"\njwks_file = "keys.json"\nper_minute = 0',
        [("issuer[0].per_minute", "another value")],
    ),
    "no keys": ('[[issuer]]\niss = "a"\nname = "a"', [("issuer[0]", "neither")]),
    "keys twice": (
        '[[issuer]]\niss = "a"\nname = "a"\njwks_file = "keys.json"\njwks_url = "https://ehr.example/keys"',
        [("issuer[0]", "both")],
    ),
    "one EHR twice": (
        '[[issuer]]\niss = "a"\nname = "a"\njwks_file = "keys.json"\n' * 2,
        [("issuer[1].iss", "one that is there twice"), ("issuer[1].name", "one that is there twice")],
    ),
    "no file of keys": (
        '[[issuer]]\niss = "a"\nname = "a"\njwks_file = "elsewhere.json"',
        [("issuer[0].jwks_file", "No such file or directory")],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_every_mistake_in_the_file_is_named(file: Path, name: str) -> None:
    text, expected = WRONG[name]
    file.write_text(text, encoding="utf-8")
    assert problems(file) == expected


def test_a_file_that_others_can_change_is_refused(file: Path) -> None:
    file.chmod(0o666)
    ((_, found),) = problems(file)
    assert "others can change" in found


KEYS: dict[str, tuple[Callable[[SigningKey], bytes], str]] = {
    "no JSON": (lambda _: b"{", "JWK Set"),
    "a list": (lambda _: b"[]", "JWK Set"),
    "no key": (lambda _: b'{"keys": []}', "found none"),
    "a key without a name": (lambda key: key_set(key.jwk(kid=None)), "found none"),
    "a key for encryption": (lambda key: key_set(key.jwk(use="enc")), "found none"),
    "a key of another algorithm": (lambda key: key_set(key.jwk(alg="ES512")), "found none"),
    "a name twice": (lambda key: key_set(key.jwk(), key.jwk()), "there twice"),
    "a shared key": (lambda _: key_set({"kty": "oct", "kid": "a", "k": "c2VjcmV0"}), "a private or a shared one"),
    "a private key": (
        lambda key: key_set(json.loads(ECAlgorithm.to_jwk(key.private)) | {"kid": "a"}),
        "a private or a shared one",
    ),
    "a broken key": (lambda key: key_set(key.jwk(x="AA")), "can't be read"),
    "a small RSA key": (lambda _: key_set(with_rsa(bits=1024).jwk()), "a smaller one"),
    "too many": (lambda key: key_set(*[key.jwk(kid=str(number)) for number in range(MOST_KEYS + 1)]), "at most"),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_set_that_cannot_be_used_is_refused(key: SigningKey, name: str) -> None:
    make, said = KEYS[name]
    with pytest.raises(KeySetRefusedError, match=said):
        read_key_set(make(key))


def test_a_key_without_an_algorithm_is_for_those_of_its_type(key: SigningKey) -> None:
    found = read_key_set(key_set(key.jwk(alg=None), with_rsa().jwk(alg=None, kid="key-2")))
    assert {kid: one.algorithms for kid, one in found.items()} == {"key-1": ("ES384",), "key-2": ("RS256", "RS384")}


class KeyAddress:
    """An address of keys that counts how often it is asked, by a clock that a test moves."""

    def __init__(self, key: SigningKey) -> None:
        self.asked = 0
        self.now = 1000.0
        self.content: bytes | Exception = key_set(key.jwk())
        self.keys = FetchedKeys("https://ehr.example/keys", self.get, lambda: self.now)

    def get(self, _: str) -> bytes:
        self.asked += 1
        assert threading.current_thread() is not threading.main_thread(), "the event loop must not wait for it"
        if isinstance(self.content, Exception):
            raise self.content
        return self.content

    async def finds(self, kid: str = "key-1") -> bool:
        found = await self.keys.find(kid)
        await asyncio.sleep(0.05)  # lets a renewal beside it end
        return found is not None


def test_keys_are_fetched_once_and_again_when_they_age(key: SigningKey) -> None:
    async def ask() -> None:
        address = KeyAddress(key)
        assert [await address.finds(), await address.finds()] == [True, True]
        assert address.asked == 1
        address.now += FRESH_SECONDS
        assert await address.finds()
        assert address.asked == 1
        address.now += 1
        assert await address.finds()
        assert address.asked == 2

    asyncio.run(ask())


def test_an_unknown_key_is_looked_for_at_most_every_half_minute(key: SigningKey) -> None:
    async def ask() -> None:
        address = KeyAddress(key)
        assert not any([await address.finds("key-2") for _ in range(5)])
        assert address.asked == 1
        address.content = key_set(elliptic(kid="key-2").jwk())
        address.now += PAUSE_SECONDS
        assert await address.finds("key-2")
        assert not await address.finds("key-1"), "the EHR has withdrawn it"
        assert address.asked == 2

    asyncio.run(ask())


@pytest.mark.parametrize("broken", [OSError("gone"), HTTPException("nonsense"), b"{", TimeoutError()])
def test_while_the_address_does_not_answer_known_keys_count_for_an_hour(key: SigningKey, broken: Any) -> None:
    async def ask() -> None:
        address = KeyAddress(key)
        assert await address.finds()
        address.content = broken
        address.now += KEPT_SECONDS - 1
        assert await address.finds()
        address.now += PAUSE_SECONDS
        assert not await address.finds()

    asyncio.run(ask())


def test_a_name_that_is_looked_up_for_long_is_not_waited_for(key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_sets, "FETCH_SECONDS", 0.05)
    looked_up = threading.Event()

    class SlowAddress(KeyAddress):
        def get(self, url: str) -> bytes:
            looked_up.wait(3)
            return super().get(url)

    async def ask() -> None:
        assert not await SlowAddress(key).finds()
        looked_up.set()

    asyncio.run(ask())


class KeyPages(BaseHTTPRequestHandler):
    """Pages of an address: keys, a redirect, one too large, and one that trickles."""

    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/elsewhere" else 200)
        if self.path == "/elsewhere":
            self.send_header("Location", "/keys")
        self.end_headers()
        if self.path == "/large":
            self.wfile.write(b" " * (MOST_BYTES + 1))
        with suppress(OSError):
            for _ in range(40 if self.path == "/slow" else 0):
                self.wfile.write(b" ")
                time.sleep(0.05)
            self.wfile.write(b'{"keys": []}')

    def log_message(self, *_: object) -> None:
        """Nothing is written."""


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An https address of this machine, whose certificate is trusted."""
    pair = make_certificate(tmp_path / "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(pair.certificate))
    served = ThreadingHTTPServer(("127.0.0.1", 0), KeyPages)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    served.socket = context.wrap_socket(served.socket, server_side=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()


def test_keys_are_fetched_within_bounds_of_size_and_time(address: str) -> None:
    assert fetch(f"{address}/keys") == b'{"keys": []}'
    for path in ("elsewhere", "large"):
        with pytest.raises(OSError, match=r"status 302|more bytes or time"):
            fetch(f"{address}/{path}")
    with pytest.raises(OSError, match="more bytes or time"):
        fetch(f"{address}/slow", 0.3)


def test_an_address_whose_certificate_is_not_trusted_gives_no_keys(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ssl.SSLCertVerificationError):
        fetch(f"{address}/keys")
