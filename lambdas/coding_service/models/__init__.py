"""The registry of models: those of the deployment and those published to a bucket.

What a model is and how it codes is `coder`; training and publishing are `training`.
"""
