"""Writers of tables, a module for each format; `join` alone picks one."""
