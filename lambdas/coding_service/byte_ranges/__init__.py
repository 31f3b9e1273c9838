"""Coding a large object in byte ranges, each by another function, and joining what they wrote.

Knows S3 and lines. What a line holds, and whose file it is, its users know: a `BlockCoder` codes
whole lines, a `RangeSource` reads the object.
"""
