"""What every reader of resources is given besides them."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from features.protocol.document import Protocol
from serving.terminology.codes import Terminology


@dataclass(frozen=True)
class ReadingContext:
    """The terminology, the protocol, the clinic's time zone if it is known, and today.

    ``first_dose`` is day 0, once it is known: before that, the one that was named, if any. ``main_condition`` is the
    reference of the Condition that is treated, if it was named.
    """

    terminology: Terminology
    protocol: Protocol
    zone: ZoneInfo | None
    today: dt.date
    first_dose: dt.date | None = None
    main_condition: str | None = None
