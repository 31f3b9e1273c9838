"""How fast lines are checked, whole and step by step, beside other ways."""
