"""The authorizer of the API: whether an access token is valid, and whose it is.

Used by the function `authorizer` alone. Amazon ML's signatures are `amazon_ml.api`'s.
"""
