"""Merges people's decisions into a table that was given back, and compares two reviewers."""
