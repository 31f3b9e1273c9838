"""The coder: a trained model, and how it turns text into codes. It needs numpy alone.

Nothing here knows AWS, files in S3 or operations; what makes models is `training`.
"""
