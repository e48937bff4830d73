"""The request, the answer, the addresses and the refusals of the service.

Public names: `BatchContent`, `BatchRequest`, `BatchResponse`, `DatedPredictionRequest`, `DatedRecord`, `FieldProblem`,
`Instruments`, `LogUnavailableError`, `ModelDescription`, `Part`, `PredictionRequest`, `PredictionResponse`,
`read_batch`, `read_record`, `read_request`, `RequestProblem`, `RequestRefusedError`, `StateError`.
"""
