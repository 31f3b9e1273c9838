"""Writers of tables, a module for each format; `streams` and `files` pick one."""
