"""What the settings of a training are, how a file overrides them, and how they are recorded and read again.

Public names: `declared_sections`, `EvaluationSettings`, `FeatureSettings`, `flattened`, `from_values`, `given_values`,
`IntervalSettings`, `nearest`, `plain_values`, `RecalibrationSettings`, `SelectionSettings`.
"""
