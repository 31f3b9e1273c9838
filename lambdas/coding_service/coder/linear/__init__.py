"""The first reader: a linear classifier for every code with two or more children."""
