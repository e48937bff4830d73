"""What a study may declare: its columns, instruments, landmarks and outcome rules; and how a problem is told."""
