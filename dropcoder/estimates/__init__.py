"""What dropping a file would mean: what it is, and what it takes of calls, days, money and people.

Nothing here sends anything, or knows a deployment: limits and prices are those as shipped.
"""
