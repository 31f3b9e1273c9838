"""Starting executions of the state machine, the compact form of their input, lists of pieces.

Which drops share one is `receive`'s and `finish`'s; the input's types are `domain.execution`.
"""
