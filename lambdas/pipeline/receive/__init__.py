"""Function *receive*: which drops share an execution, and the parts of a large one.

Used by the function `receive` alone. What was dropped, and its rows, is `prepare`; starting
executions is `executions`; the ledger's items are `ledger`.
"""
