"""The protocol of a Coding Service and its callers: statuses, messages, records, errors.

Pipeline and CodingService both use it; it uses neither, and nothing of AWS. The source of
every rule is the service's public documentation of batch coding.
"""
