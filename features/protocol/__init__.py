"""What a study may declare: its columns, instruments, landmarks and outcome rules; and how a problem is told.

Public names: `CohortRefusedError`, `Column`, `Covariate`, `InputRefusedError`, `Instrument`, `Landmark`, `Problem`,
`Protocol`, `protocol_from_document`, `ProtocolRefusedError`, `RelapseRule`, `RemissionRule`.
"""
