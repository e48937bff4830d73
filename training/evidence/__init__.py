"""The recorded document: figures, curves and the evidence of each landmark.

Public names: `Acknowledgement`, `CalibrationCurve`, `Direction`, `Estimate`, `Evidence`, `HeadEvidence`,
`Instability`, `LandmarkEvidence`, `LeakageCheck`, `Question`, `read_evidence`, `Subgroup`.
"""
