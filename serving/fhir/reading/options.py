"""What a reading of FHIR resources is given besides them: today, the clinic's time zone, day 0 and the protocol."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from features.protocol.document import Protocol


@dataclass(frozen=True)
class ReadingDefaults:
    """What holds unless Parameters say otherwise; ``today`` is the date in a zone, or by the service's own clock."""

    today: Callable[[ZoneInfo | None], dt.date]
    zone: ZoneInfo | None
    protocol: Protocol


@dataclass(frozen=True)
class ReadingOptions:
    """What is known besides the resources.

    ``first_dose`` is day 0, also a planned one; without it, day 0 is the first administration of ketamine.
    ``main_condition`` is the reference of the Condition that is treated. ``treatments_complete`` says whether the
    earlier treatments that were sent are all there were; ``None``: not said.
    """

    today: dt.date
    zone: ZoneInfo | None = None
    first_dose: dt.date | None = None
    main_condition: str | None = None
    treatments_complete: bool | None = None
