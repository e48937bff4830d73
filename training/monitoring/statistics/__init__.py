"""The statistics of monitoring: drift, calibration over time, and the e-processes behind an alarm.

Public names: `Calendar`, `Calibration`, `Check`, `Count`, `disclosed`, `LoggedPrediction`, `MonitoredModel`,
`Monitoring`, `MonitoringFinding`, `OutcomeCalendar`, `Reference`, `relapse_calibration`.
"""
