"""How fast CodingService codes: one thread, several functions, and what that costs on paper."""
