"""The guide for integrators says what is so: its call, its feedback and its issuer file are read, its tables whole."""

import json
import re
from pathlib import Path

from features.protocol.document import Protocol
from serving.cds_hooks.consultation import ConsultationReader
from serving.cds_hooks.feedback import read_feedback
from serving.cds_hooks.services import SERVICES, prefetch_templates
from serving.contract.routes import ROUTES
from serving.http.ehr_issuers import load_issuers
from serving.terminology.codes import load_terminology
from tests.places import ROOT
from tests.serving.cds_hooks.calls import TODAY
from tests.serving.http.ehrs import elliptic, key_set

README = (ROOT / "serving" / "cds_hooks" / "README.md").read_text(encoding="utf-8")
CALL, FEEDBACK = re.findall(r"```json\n(.*?)```", README, flags=re.DOTALL)


def test_the_call_is_read() -> None:
    found = ConsultationReader(lambda _: TODAY, None, Protocol(), load_terminology()).read(CALL.encode(), SERVICES[0])
    assert found is not None
    request = json.loads(found.record.request.model_dump_json(exclude_none=True))
    assert (request["as_of_day"], request["assessments"][0]["score"]) == (7, 16)


def test_the_feedback_is_taken() -> None:
    assert read_feedback(FEEDBACK.encode()).feedback[0].outcome == "overridden"


def test_the_issuer_file_is_read(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL)
    (tmp_path / "issuers.toml").write_text(text, encoding="utf-8")
    (tmp_path / "ward-3.jwks.json").write_bytes(key_set(elliptic().jwk()))
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    (issuer,) = load_issuers(tmp_path / "issuers.toml")
    assert (issuer.caller, issuer.algorithms, issuer.per_minute) == ("ehr:ward-3", ("ES384", "RS384"), 600)


def test_the_tables_name_every_address_and_every_prefetch_key() -> None:
    for key in prefetch_templates(Protocol(), load_terminology()):
        assert f"`{key}`" in README
    for path in ROUTES:
        if path.startswith("/cds-services") and not path.endswith("/feedback"):
            assert path in README
