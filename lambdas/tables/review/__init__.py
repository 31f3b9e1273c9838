"""What people decide of texts: what the page shows, its export, agreement, and the merge."""
