"""The text of a table: its encoding, and a cell as the text that is sent.

What becomes of a row is `decisions`.
"""
