"""The second reader: a frozen sentence model, and what a topic learnt to read from it.

Needs numpy alone. Nothing here knows the code tree's classifiers; how the readers' answers become
one is `coder.both_readers`.
"""
