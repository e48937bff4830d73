"""What `kap predict` answers: as a service on this machine would, from the promoted copy of the version.

A version without a copy is not served here. No tier of it is known, and nothing is withheld.
"""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from models.bundle import Bundle
    from serving.server.model_loader import PromotedCopy


def json_answer(body: bytes, model: str) -> dict[str, Any]:
    """The answer to a record in JSON, as that of ``POST /v1/predict``; ``model`` is a version or an alias."""
    from serving.prediction.offline import predict_json
    from serving.storage.settings import load_settings
    from training.registry.release import load_registered

    bundle, version = load_registered(model)
    copy = _promoted_copy(bundle, version)
    granted = None if copy is None or copy.promotion is None else copy.promotion.granted
    answer = predict_json(body, bundle, version, load_settings().time_zone, granted)
    return answer if copy is not None else answer | {"tiers": {}}


def fhir_answer(body: bytes, model: str) -> str:
    """The answer to FHIR resources, as that of ``POST /fhir/$predict``."""
    from serving.contract.calendar import today_in
    from serving.fhir.answer.elements import write
    from serving.fhir.answer.offline import predict_fhir
    from serving.fhir.reading.options import ReadingDefaults
    from serving.storage.settings import load_settings
    from training.registry.release import load_registered

    bundle, version = load_registered(model)
    settings, copy = load_settings(), _promoted_copy(bundle, version)
    defaults = ReadingDefaults(today_in, settings.time_zone, bundle.protocol)
    promotion, transparency = None if copy is None else copy.promotion, settings.fhir_ai_transparency
    answer = predict_fhir(body, bundle, version, defaults, transparency=transparency, promotion=promotion)
    return write(answer, indented=True).decode()


def _promoted_copy(bundle: "Bundle", version: str) -> "PromotedCopy | None":
    """The copy by which a service on this machine answers; without one, a note says that nothing is withheld."""
    from serving.server.model_loader import promoted_copy

    copy = promoted_copy(bundle.digest)
    if copy is None:
        said = f"version {version} has no promoted copy on this machine: no tier is known, and nothing is withheld"
        click.echo(f"note: {said}", err=True)
    return copy
