"""Outside the state machine: an execution died, and a new one ends its drops as failed.

Used by the function `report_failure` alone. Words for people are `finish.explanations`.
"""
