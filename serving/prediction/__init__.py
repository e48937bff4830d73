"""From a patient's record to an answer with reasons and cautions, independent of HTTP.

Public names: `describe_instruments`, `describe_model`, `ImpossibleAnswerError`,
`predict_json`, `PredictionReply`, `Predictor`, `read_performance`.
"""
