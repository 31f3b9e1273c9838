"""Which models the service offers: those of its asset and those published to its bucket.

What a model is and how it codes is `coder`; training and publishing are `training`.
"""
