"""The function that works on data sources and batch predictions, step by step.

Nothing here answers a request; what both functions know stands in `amazon_ml`.
"""
