"""The types of an execution's state, the ledger's facts, ids and names.

Nothing here calls AWS or a service.
"""
