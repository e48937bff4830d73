"""Pure numbers, arrays in and figures out: discrimination, calibration, net benefit, sample size."""
