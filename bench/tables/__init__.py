"""How fast a CSV becomes the lines that a service takes, beside other ways."""
