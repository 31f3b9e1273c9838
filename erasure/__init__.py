"""Erases a drop: everything that a deployed Pipeline keeps of one dropped file.

`erase.erase_drop` is for any command line; `dropcoder erase` is one. Nothing of it is
deployed. What lies where, and for how long: docs/privacy.md.
"""
