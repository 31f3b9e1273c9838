"""What people say about a table and its columns, and what we answer them."""
