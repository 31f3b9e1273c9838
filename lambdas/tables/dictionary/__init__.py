"""A topic's dictionary: texts that people have decided on, looked up before anything is sent.

How a row is decided by it is `decisions`; what people decide and export is `review`.
"""
