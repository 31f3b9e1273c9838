"""State *Collect*: copies an operation's output and metadata to the results bucket, in steps.

Used by the function `collect` alone. Where results come from is the engine's; joining the parts
of a large file is `finish`.
"""
