"""From a text to numbers: words, terms, and the vocabulary that a model knows.

Nothing here knows codes or scores.
"""
