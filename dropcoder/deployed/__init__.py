"""A deployed Pipeline and its drops, on AWS or in the local cloud: by the same calls.

Nothing here prints, or knows the command line. What a stack puts out, and how it is found, is
`erasure.deployment`.
"""
