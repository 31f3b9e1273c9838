"""When an API call may be made: the second, the day, and whose turn it is.

Nothing here makes a call, or knows what a call is for.
"""
