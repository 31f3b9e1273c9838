"""Starting executions of the state machine, and the compact form of their input.

Which drops share one is `receive`'s and `finish`'s; the input's types are `domain.execution`.
"""
