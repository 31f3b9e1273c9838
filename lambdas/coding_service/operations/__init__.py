"""An operation of batch coding: what it is, its item in DynamoDB, its files in S3.

Nothing here knows HTTP or how texts are coded.
"""
