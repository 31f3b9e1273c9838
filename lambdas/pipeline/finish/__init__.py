"""State *Finish*: how each drop ended, its manifest, and the notification that says so.

Used by the function `finish` alone. What a line of output is counted as is `validation`.
"""
