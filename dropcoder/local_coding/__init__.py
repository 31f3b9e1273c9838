"""Coding a table on this machine, in the steps of the pipeline: read, prepare, code, join, report.

What each step does is `tables` and `coding_service.coder`; here are the files in between. Nothing
here knows AWS.
"""
