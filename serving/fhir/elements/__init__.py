"""What elements of a resource say on their own: codes, quantities, dates, a medication, its dose and what it achieved.

What they are to a record is left to `serving.fhir.reading`.
Public names: `coded_medication`, `dose_of`, `meanings_of`, `recorded_outcome`, `span_of`.
"""
