"""State *Receive*: what an S3 event is, which drop it makes, and which drops share an execution.

Used by the function `receive` alone. Starting executions is `executions`; the ledger's items are
`ledger`.
"""
