"""Learning from what people have decided on review pages: examples, and a model that is not worse.

What a review is, and which of its decisions count, is said by `tables.review`.
"""
