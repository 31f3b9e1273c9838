"""What Pipeline and CodingService both do with AWS and their environment; each keeps its errors.

Nothing here knows a drop, an operation or the protocol, and it imports neither package.
"""
