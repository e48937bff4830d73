"""Which type of JSON a FHIR answer is sent as, by ``_format`` or ``Accept``; other formats than JSON are refused.

A generic type is answered with itself (FHIR R4, RESTful API, "Content Types and encodings").
"""

from serving.contract.routes import FHIR_JSON, JSON

_ACCEPTED = {
    "*/*": FHIR_JSON,
    "application/*": FHIR_JSON,
    FHIR_JSON: FHIR_JSON,
    "json": FHIR_JSON,
    JSON: JSON,
    "text/json": "text/json",
}
NOT_ACCEPTABLE = f"Only JSON is sent. Accept {FHIR_JSON} or {JSON}."


def answer_type(accept: str, requested: str | None) -> str | None:
    """The media type of the answer; ``None`` if none is acceptable. ``requested`` is ``_format``, which goes first.

    >>> answer_type("application/fhir+xml;q=0.9, application/json;q=0.5", None)
    'application/json'
    """
    if requested is not None:
        return _ACCEPTED.get(requested.partition(";")[0].strip().lower().replace(" ", "+"))
    ranges = [_weighted(one) for one in accept.split(",") if one.strip()] or [("*/*", 1.0)]
    accepted = [(weight, _ACCEPTED[name]) for name, weight in ranges if name in _ACCEPTED and weight > 0]
    return max(accepted, key=lambda one: one[0])[1] if accepted else None


def _weighted(accepted: str) -> tuple[str, float]:
    """A range of media types and its weight; a weight that is no number counts as none given."""
    name, *parameters = (part.strip().lower() for part in accepted.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                break
    return name, 1.0
