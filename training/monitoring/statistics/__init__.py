"""The statistics of monitoring: drift, calibration over time, and the e-processes behind an alarm."""
