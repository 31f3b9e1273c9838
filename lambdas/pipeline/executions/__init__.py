"""Starting executions of the state machine, and the form in which their input travels.

Which drops share one is `receive`'s and `finish`'s; the input's types are `domain.execution`.
"""
