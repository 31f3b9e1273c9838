"""The S3 objects that Pipeline reads and writes: the drop in blocks, the results in parts.

Objects of a service behind presigned URLs are the engine's.
"""
