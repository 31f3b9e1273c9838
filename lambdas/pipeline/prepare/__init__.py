"""Function *prepare*: what was dropped, and its rows in the form that the service takes.

Used by the function `prepare` alone. What a table is, is read by `tables`; which drops share an
operation is decided by `receive`.
"""
