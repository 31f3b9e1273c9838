"""From a topic to a model: terms counted, classifiers fitted, confidence calibrated.

How a fitted model codes is `coding_service.coder`.
"""
