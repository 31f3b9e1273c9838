"""Measurements of Dropcoder beside what a user would do instead."""
