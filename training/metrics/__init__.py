"""Pure numbers, arrays in and figures out: discrimination, calibration, net benefit, sample size.

Public names: `aalen_johansen`, `answer_by`, `averaged`, `core_values`, `draw`, `Draws`, `enough_for_interval`,
`followed_to`, `interval`, `observed_rate`, `QuestionData`, `with_small_groups_merged`.
"""
