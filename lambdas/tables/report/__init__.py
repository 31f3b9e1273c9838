"""A report to look at: what became of a table's rows, as `report.json` and as one page.

`tally` counts the rows as they pass, `report` makes the numbers of it, and `page` draws these.
"""
