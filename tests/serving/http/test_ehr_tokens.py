"""A token of an EHR opens one address once; whatever is wrong with it is said, and nothing of it is repeated."""

import asyncio
import base64
import hashlib
import hmac
import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from serving.contract.routes import CDS_SERVICES, ORDER_SIGN, PATIENT_VIEW, PATIENT_VIEW_FEEDBACK, PREDICT
from serving.http.ehr_issuers import load_issuers
from serving.http.ehr_tokens import LEEWAY_SECONDS, LONGEST_SECONDS, EhrTokens, TokenRefusedError
from serving.storage.rate_limit import SLOTS
from serving.storage.used_tokens import UsedTokens
from tests.serving.http.ehrs import ISS, PUBLIC_URL, Ehr, elliptic, with_rsa, write_issuers
from tests.serving.http.test_access_control import CLINIC, FakeRates, Ring, ask

JSON: dict[str, Any] = {"Content_Type": "application/json"}


@pytest.fixture(scope="module")
def ehr() -> Ehr:
    return Ehr()


@pytest.fixture
def tokens(tmp_path: Path, ehr: Ehr) -> EhrTokens:
    return checker(tmp_path, ehr)


def checker(folder: Path, ehr: Ehr, more: str = "", clock: Callable[[], float] = time.time) -> EhrTokens:
    issuers = load_issuers(write_issuers(folder, ehr, more))
    return EhrTokens(issuers, PUBLIC_URL, UsedTokens(folder / "state"), clock)


def opened(tokens: EhrTokens, token: str, path: str = PATIENT_VIEW) -> str:
    return asyncio.run(tokens.check(token, path)).issuer.caller


def why(tokens: EhrTokens, token: str, path: str = PATIENT_VIEW) -> str:
    with pytest.raises(TokenRefusedError) as refused:
        asyncio.run(tokens.check(token, path))
    assert not any(part in str(refused.value) for part in token.split(".") if len(part) > 3)
    return str(refused.value)


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    parts = [{name: value for name, value in header.items() if value is not None}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)


def test_a_token_for_this_address_is_accepted(tokens: EhrTokens, ehr: Ehr) -> None:
    assert opened(tokens, ehr.token(PATIENT_VIEW)) == "ehr:ward-3"
    assert opened(tokens, ehr.token(PATIENT_VIEW, aud=[PUBLIC_URL + PATIENT_VIEW])) == "ehr:ward-3"


@pytest.mark.parametrize("made", [elliptic("ES384"), elliptic("ES256"), with_rsa("RS384"), with_rsa("RS256")])
def test_each_algorithm_that_is_configured_works(tmp_path: Path, made: Any) -> None:
    one = Ehr(made)
    assert opened(checker(tmp_path, one), one.token(PATIENT_VIEW)) == "ehr:ward-3"


NOW = int(time.time())


def wrong_claims(now: int) -> dict[str, tuple[dict[str, Any], str]]:
    """Claims that are refused at a time, by what is wrong with them, and what is said of each."""
    return {
        "of another address": ({"aud": PUBLIC_URL + ORDER_SIGN}, "its aud"),
        "of the base address": ({"aud": PUBLIC_URL}, "its aud"),
        "of another host": ({"aud": "https://elsewhere.example" + PATIENT_VIEW}, "its aud"),
        "for nobody": ({"aud": None}, "it lacks one of"),
        "of an unknown EHR": ({"iss": "https://elsewhere.example/"}, "its iss"),
        "of no EHR": ({"iss": None}, "its iss"),
        "without an id": ({"jti": None}, "it lacks one of"),
        "with an empty id": ({"jti": ""}, "its jti"),
        "with a number as id": ({"jti": 7}, "its jti"),
        "with a long id": ({"jti": "x" * 257}, "its jti"),
        "without an end": ({"exp": None}, "it lacks one of"),
        "without a beginning": ({"iat": None}, "it lacks one of"),
        "that has expired": ({"iat": now - 3600, "exp": now - 3500}, "it has expired"),
        "of tomorrow": ({"iat": now + 86_400, "exp": now + 86_500}, "its iat or nbf is in the future"),
        "not valid yet": ({"nbf": now + 86_400}, "its iat or nbf is in the future"),
        "that ends before it begins": ({"iat": now + 30, "exp": now - 30}, "it is valid for longer"),
        "with a text as time": ({"exp": "soon"}, "its iat, exp or nbf"),
        "with true as time": ({"iat": True}, "its iat, exp or nbf"),
        "with a time beyond every float": ({"iat": now + 0.5, "exp": 10**400}, "its iat, exp or nbf"),
        "with no number as time": ({"exp": math.nan}, "its iat, exp or nbf"),
    }


@pytest.mark.parametrize("name", wrong_claims(0))
def test_a_token_with_wrong_claims_is_refused(tokens: EhrTokens, ehr: Ehr, name: str) -> None:
    changes, said = wrong_claims(int(time.time()))[name]
    assert said in why(tokens, ehr.token(PATIENT_VIEW, **changes))


HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "of an unknown key": ({"kid": "key-2"}, "its kid"),
    "that names no key": ({"kid": None}, "lacks kid"),
    "of another type": ({"typ": "at+jwt"}, "typ"),
    "with a demand that is not understood": ({"crit": ["exp"]}, ""),
    "with an address of keys": ({"jku": "https://attacker.example/keys"}, "its jku"),
    "with a list as address of keys": ({"jku": []}, "its jku"),
    "with an object as address of keys": ({"jku": {}}, "its jku"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_token_with_a_wrong_header_is_refused(tokens: EhrTokens, ehr: Ehr, name: str) -> None:
    header, said = HEADERS[name]
    token = unsigned(ehr.claims(PATIENT_VIEW), **{"alg": "ES384", "typ": "JWT", "kid": "key-1"} | header) + ".c2ln"
    assert said in why(tokens, token)


def test_a_token_that_is_not_signed_is_refused(tokens: EhrTokens, ehr: Ehr) -> None:
    for algorithm in ("none", "None", "NONE", ""):
        token = unsigned(ehr.claims(PATIENT_VIEW), alg=algorithm, typ="JWT", kid="key-1") + "."
        assert "its alg is not one of" in why(tokens, token) or algorithm == ""


def test_the_public_key_is_no_shared_secret(tokens: EhrTokens, ehr: Ehr) -> None:
    public = ehr.key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = unsigned(ehr.claims(PATIENT_VIEW), alg="HS256", typ="JWT", kid="key-1")
    code = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), hashlib.sha256)).rstrip(b"=").decode()
    assert "its alg is not one of" in why(tokens, f"{signed}.{code}")


def test_a_token_of_another_key_with_the_same_name_is_refused(tokens: EhrTokens) -> None:
    assert "its signature" in why(tokens, Ehr(elliptic()).token(PATIENT_VIEW))


def test_a_token_whose_claims_were_changed_is_refused(tokens: EhrTokens, ehr: Ehr) -> None:
    header, _, signature = ehr.token(PATIENT_VIEW).split(".")
    other = ehr.token(PATIENT_VIEW).split(".")[1]
    assert "its signature" in why(tokens, f"{header}.{other}.{signature}")


def test_a_key_is_used_for_its_own_algorithm_only(tmp_path: Path) -> None:
    one = Ehr(with_rsa("RS384"))
    tokens = checker(tmp_path, one, "")
    (tmp_path / "issuers.toml").write_text(
        (tmp_path / "issuers.toml").read_text().replace('["RS384"]', '["RS384", "RS256"]'), encoding="utf-8"
    )
    both = EhrTokens(load_issuers(tmp_path / "issuers.toml"), PUBLIC_URL, UsedTokens(tmp_path / "state"))
    other = replace(one, key=replace(one.key, algorithm="RS256"))
    assert "its alg is not one of" in why(tokens, other.token(PATIENT_VIEW))
    assert "its alg is not that of the key" in why(both, other.token(PATIENT_VIEW))


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "....", "é.é.é", "e30.e30.e30", "W10.W10.", "x" * 9000])
def test_what_is_no_token_is_refused(tokens: EhrTokens, token: str) -> None:
    why(tokens, token)


@pytest.mark.parametrize(("ago", "accepted"), [(LEEWAY_SECONDS - 1, True), (LEEWAY_SECONDS, False)])
def test_a_token_is_accepted_until_a_minute_after_its_end(tmp_path: Path, ehr: Ehr, ago: int, accepted: bool) -> None:
    tokens = checker(tmp_path, ehr, clock=lambda: NOW)
    token = ehr.token(PATIENT_VIEW, iat=NOW - ago - 100, exp=NOW - ago)
    assert (opened(tokens, token) if accepted else why(tokens, token)) == (
        "ehr:ward-3" if accepted else "it has expired; make a new one for each call"
    )


@pytest.mark.parametrize(("seconds", "accepted"), [(LONGEST_SECONDS, True), (LONGEST_SECONDS + 1, False)])
def test_a_token_is_valid_for_five_minutes_at_most(tmp_path: Path, ehr: Ehr, seconds: int, accepted: bool) -> None:
    tokens = checker(tmp_path, ehr, clock=lambda: NOW)
    token = ehr.token(PATIENT_VIEW, iat=NOW, exp=NOW + seconds)
    assert "it is valid for longer" in why(tokens, token) if not accepted else opened(tokens, token)


@pytest.mark.parametrize(("tenant", "accepted"), [("clinic-a", True), ("clinic-b", False), (None, False)])
def test_a_token_of_another_tenant_is_refused(tmp_path: Path, ehr: Ehr, tenant: str | None, accepted: bool) -> None:
    tokens = checker(tmp_path, ehr, 'tenant = "clinic-a"\n')
    token = ehr.token(PATIENT_VIEW, tenant=tenant)
    assert "its tenant" in why(tokens, token) if not accepted else opened(tokens, token)


def test_the_address_of_keys_that_is_configured_may_stand_in_a_token(tmp_path: Path, ehr: Ehr) -> None:
    tokens = checker(tmp_path, ehr, 'jku = "https://ehr.example/keys"\n')
    assert opened(tokens, ehr.token(PATIENT_VIEW, {"jku": "https://ehr.example/keys"}))
    assert "its jku" in why(tokens, ehr.token(PATIENT_VIEW, {"jku": "https://ehr.example/keys2"}))


def at(
    folder: Path, ehr: Ehr, path: str, token: str | None, keys: Ring | None = None, rates: FakeRates | None = None
) -> httpx.Response:
    """What access control answers to a call, from elsewhere."""
    tokens = checker(folder, ehr)
    headers: dict[str, Any] = {} if token is None else {"Authorization": f"Bearer {token}"}
    return ask(path, "POST", keys=keys, rates=rates, ehrs=lambda: tokens, client="192.0.2.7", **JSON, **headers)


def test_an_ehr_is_admitted_to_the_services_under_its_name_and_to_nothing_else(tmp_path: Path, ehr: Ehr) -> None:
    for path in (PATIENT_VIEW, ORDER_SIGN, PATIENT_VIEW_FEEDBACK):
        assert at(tmp_path, ehr, path, ehr.token(path)).text == "ehr:ward-3 None"
    assert at(tmp_path, ehr, PREDICT, ehr.token(PREDICT), Ring(CLINIC)).status_code == 401
    assert at(tmp_path, ehr, PREDICT, ehr.token(PREDICT)).status_code == 403


def test_a_token_opens_once_whichever_process_is_asked(tmp_path: Path, ehr: Ehr) -> None:
    token = ehr.token(PATIENT_VIEW)
    first, again = (at(tmp_path, ehr, PATIENT_VIEW, token) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 401)
    assert "it was used before" in again.json()["detail"]


def test_keys_still_open_the_services_where_ehrs_are_configured(tmp_path: Path, ehr: Ehr) -> None:
    key = replace(CLINIC, id="kap_0000000b_x")
    assert at(tmp_path, ehr, PATIENT_VIEW, key.id, Ring(key)).text == f"{key.id} None"
    assert at(tmp_path, ehr, PATIENT_VIEW, key.id).status_code == 401, "no key was made"


def test_without_a_token_the_refusal_says_what_to_do(tmp_path: Path, ehr: Ehr) -> None:
    refused = at(tmp_path, ehr, PATIENT_VIEW, None)
    assert refused.status_code == 401
    assert refused.json()["detail"] == (
        "An API key or the token of a configured EHR is required (Authorization: Bearer ...); none was sent."
    )
    assert refused.headers["www-authenticate"] == 'Bearer realm="kap"'


def test_a_token_is_not_used_up_by_a_call_that_must_wait(tmp_path: Path, ehr: Ehr) -> None:
    token = ehr.token(PATIENT_VIEW)
    waiting = at(tmp_path, ehr, PATIENT_VIEW, token, rates=FakeRates(0))
    assert (waiting.status_code, waiting.headers["retry-after"]) == (429, "13")
    assert at(tmp_path, ehr, PATIENT_VIEW, token).status_code == 200


def test_where_used_tokens_cannot_be_kept_none_is_accepted(tmp_path: Path, ehr: Ehr) -> None:
    class Full(UsedTokens):
        def use(self, issuer: str, token_id: str) -> bool:
            raise OSError(28, f"no space for {len(issuer)} {len(token_id)}")

    tokens = EhrTokens(load_issuers(write_issuers(tmp_path, ehr)), PUBLIC_URL, Full(tmp_path / "state"))
    bearer = f"Bearer {ehr.token(PATIENT_VIEW)}"
    refused = ask(PATIENT_VIEW, "POST", ehrs=lambda: tokens, Authorization=bearer, **JSON)
    assert refused.status_code == 503


def test_discovery_needs_no_token(tmp_path: Path, ehr: Ehr) -> None:
    tokens = checker(tmp_path, ehr)
    assert ask(CDS_SERVICES, ehrs=lambda: tokens, client="192.0.2.7").status_code == 200


def test_the_limit_of_an_ehr_is_its_own(tmp_path: Path, ehr: Ehr) -> None:
    (issuer,) = load_issuers(write_issuers(tmp_path, ehr, "per_minute = 7\n"))
    assert (issuer.slot, issuer.per_minute) == (SLOTS + 1, 7), "keys have the slots up to SLOTS"
    assert jwt.get_unverified_header(ehr.token(PATIENT_VIEW))["kid"] == "key-1"
    assert issuer.iss == ISS
