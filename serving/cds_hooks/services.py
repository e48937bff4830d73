"""The CDS services, each for one hook, and what an EHR fetches for them beforehand.

A prefetch template reads one resource or searches by patient; its only token is the patient's id in the context.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from features.protocol.document import Protocol
from serving.cds_hooks.card import CardPart
from serving.contract.routes import ORDER_SIGN, PATIENT_VIEW
from serving.terminology.codes import Terminology

Hook: TypeAlias = Literal["patient-view", "order-sign"]
VERSION = "STU2"
"""The version of CDS Hooks that a service implements: the field ``version`` of the ballot of 2026 for 3.0, in whose
words 2.0 is STU2 [seen: HL7/cds-hooks at fb10ca7, CDSHooksServices]."""
LOINC = "loinc"
"""The short name of the code system in the terminology."""
PATIENT = "patient"
RATINGS = ("observations", "questionnaireResponses")
"""Prefetch keys of which at least one must be there: no prediction is possible without a rating."""
ADMINISTRATIONS = "administrations"
"""The prefetch key that shows whether ketamine was given."""
USAGE = (
    "Everything is read from the prefetch and the context: this service never calls the EHR's FHIR server and ignores "
    "fhirAuthorization. It needs patient, and observations or questionnaireResponses; without them it answers 412. "
    "What else is missing counts as not recorded, and the card says so. Send whole search results: a Bundle with a "
    "next page counts as missing, and a Medication that is referenced must be contained or in a Bundle. Resources are "
    "FHIR R4. Research software, not a medical device."
)


@dataclass(frozen=True)
class CdsService:
    """A service of the discovery; ``path`` is its address."""

    path: str
    hook: Hook
    title: str
    description: str

    @property
    def id(self) -> str:
        """The last part of its address."""
        return self.path.rpartition("/")[2]

    @property
    def feedback_path(self) -> str:
        """Where feedback on its cards is sent."""
        return f"{self.path}/feedback"


SERVICES = (
    CdsService(
        PATIENT_VIEW,
        "patient-view",
        "Outlook of a course of ketamine-assisted psychotherapy",
        "For a patient who has received ketamine: the predicted probabilities of remission, of relapse after it and of "
        "sustained remission, each with its 90% interval, and cautions from the record. No card for other patients.",
    ),
    CdsService(
        ORDER_SIGN,
        "order-sign",
        "Outlook before ketamine is ordered",
        "When an order of ketamine is signed: the predicted probabilities of remission, of relapse after it and of "
        "sustained remission, each with its 90% interval, and cautions from the record. No card for other orders.",
    ),
)


class DiscoveredService(CardPart):
    """A service as the discovery describes it: ``prefetch`` has FHIR reads and searches by key."""

    hook: str
    title: str
    description: str
    id: str
    prefetch: dict[str, str]
    usage_requirements: str = USAGE
    version: str = VERSION


class CdsServices(CardPart):
    """The answer of the discovery."""

    services: tuple[DiscoveredService, ...]

    def written(self) -> bytes:
        """The answer as JSON."""
        return self.model_dump_json(by_alias=True).encode()


def discovery(protocol: Protocol, terminology: Terminology) -> CdsServices:
    """The answer of ``GET /cds-services``."""
    prefetch = dict(prefetch_templates(protocol, terminology))
    return CdsServices(
        services=tuple(
            DiscoveredService(hook=one.hook, title=one.title, description=one.description, id=one.id, prefetch=prefetch)
            for one in SERVICES
        )
    )


def prefetch_templates(protocol: Protocol, terminology: Terminology) -> Mapping[str, str]:
    """FHIR reads and searches by prefetch key, within the subset that the specification recommends."""
    codes = ",".join(_observation_codes(protocol, terminology))
    of_patient = "patient={{context.patientId}}"
    searches = {
        "observations": f"Observation?{of_patient}&code={codes}",
        "questionnaireResponses": f"QuestionnaireResponse?{of_patient}",
        "conditions": f"Condition?{of_patient}",
        "allergies": f"AllergyIntolerance?{of_patient}",
        "medicationStatements": f"MedicationStatement?{of_patient}",
        "medicationRequests": f"MedicationRequest?{of_patient}",
        "administrations": f"MedicationAdministration?{of_patient}",
        "procedures": f"Procedure?{of_patient}",
    }
    return {PATIENT: "Patient/{{context.patientId}}", **searches}


def _observation_codes(protocol: Protocol, terminology: Terminology) -> Iterator[str]:
    """The LOINC codes of what is read from Observations: rating scales with their items, and vital signs, each once."""
    scales = [terminology.loinc_of(instrument) for instrument in protocol.instrument_names]
    rated = [code for scale in scales for code in (*scale.totals, *scale.panels, *scale.items)]
    measured = [code for system, code in terminology.measures.exact if system == LOINC]
    yield from dict.fromkeys([*rated, *measured])
