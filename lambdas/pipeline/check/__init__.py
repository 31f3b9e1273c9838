"""State *CheckStatus*: the status of a part's operation, and when to ask again.

Used by the function `check` alone. When a call may be made at all is `rate_limit`.
"""
