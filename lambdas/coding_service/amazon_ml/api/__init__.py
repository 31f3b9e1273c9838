"""The function that answers Amazon ML's API: signatures, requests, data sources, predictions.

The work that a request starts is `amazon_ml.work`.
"""
