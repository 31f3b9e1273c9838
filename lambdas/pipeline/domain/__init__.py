"""What travels as JSON between functions, ids and names: drop, part, progress, execution.

Nothing here calls AWS or a service.
"""
