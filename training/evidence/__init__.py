"""The recorded document: what a figure, a curve and the evidence of a landmark are made of.

Public names: `Acknowledgement`, `CalibrationCurve`, `Direction`, `Estimate`, `Evidence`, `HeadEvidence`,
`Instability`, `LandmarkEvidence`, `LeakageCheck`, `Question`, `read_evidence`, `Subgroup`.
"""
