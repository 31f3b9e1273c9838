"""Readers of tables, a module for each format; `open_table` alone picks one."""
