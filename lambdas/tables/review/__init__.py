"""What people decide: which texts they may have to read, and the page for it."""
