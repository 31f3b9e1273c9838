"""The command `dropcoder`: tables coded on this machine, and a deployed Pipeline's drops.

Nothing of it is deployed. What a verb does stands in a room of its own, and what it is called, asks
and prints in `commands`. What a file is and how it is coded is `tables` and `coding_service.coder`,
here as there; all verbs: docs/command-line.md.
"""
