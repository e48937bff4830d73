"""The settings of what is fitted, and how any setting is declared. Frozen objects, which a training passes down.

Public names: `ApplicabilitySettings`, `declarations`, `Requirement`, `setting`, `SettingDeclaration`, `TimeSettings`,
`TuningSettings`.
"""
