"""The page on which people decide: one file of HTML that runs offline, and asks for nothing."""
