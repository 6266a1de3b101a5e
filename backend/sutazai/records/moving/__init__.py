"""The records that move: which tables an export holds, and how rows become files and rows again."""
