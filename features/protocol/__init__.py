"""What a study may declare: columns, instruments, landmarks and outcome rules; and the problems of an input.

Public names: `CohortRefusedError`, `Column`, `Covariate`, `InputRefusedError`, `Instrument`, `Landmark`, `Problem`,
`Protocol`, `protocol_from_document`, `ProtocolRefusedError`, `RelapseRule`, `RemissionRule`.
"""
