"""State *Finish*: how each drop ended, its manifest, and the notification that says so; and *Note
outcome*: how a piece did.

Used by the function `finish` alone. What a line of output is counted as is `validation`.
"""
