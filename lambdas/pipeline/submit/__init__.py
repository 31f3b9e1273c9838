"""State *Submit*: one try to give a part to its engine, so that one operation's bytes count.

Used by the function `submit` alone. How an operation is created and gets its input is its engine's;
what a line must hold is `validation`.
"""
