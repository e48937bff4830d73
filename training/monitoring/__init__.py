"""A model in use: do patients or answers drift, and do predictions come true?

Public names: `find_model`, `monitor`, `MonitoringRequest`, `OutcomeSource`, `record`.
"""
