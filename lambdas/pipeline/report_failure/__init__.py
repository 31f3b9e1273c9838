"""Outside the state machine: an execution died, and its drops are told by a new one.

Used by the function `report_failure` alone. Words for people are `finish.explanations`.
"""
