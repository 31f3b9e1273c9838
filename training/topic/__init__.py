"""A topic folder: its settings, codes, examples and evaluation records, read and checked.

Nothing here trains.
"""
