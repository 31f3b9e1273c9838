"""What the packages do alike: with AWS, their environment, JSON and lines; each keeps its errors.

Nothing here knows a drop, an operation or the protocol, and it imports neither package.
"""
