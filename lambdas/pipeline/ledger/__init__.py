"""The items of the DynamoDB table: a module for each kind of item, over `table`.

The items of `rate_limit` lie in the same table and are its own.
"""
