"""The engine that is a Coding Service: its API, tokens, and the storage behind presigned URLs.

Nothing here knows drops, the ledger or the results bucket.
"""
