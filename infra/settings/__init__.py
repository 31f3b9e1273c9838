"""Deploy-time settings: read from the CDK context, checked, and refused with words that help.

What a setting does is where its resource is; how it reaches a function is each stack's.
"""
