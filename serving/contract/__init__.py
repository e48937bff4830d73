"""The request, the answer, the addresses and the refusals of the service.

Public names: `BatchReading`, `BatchRequest`, `BatchResponse`, `FieldProblem`, `LogUnavailableError`, `Part`,
`PredictionRequest`, `PredictionResponse`, `read_batch`, `read_request`, `RequestProblem`, `RequestRefusedError`,
`StateError`.
"""
