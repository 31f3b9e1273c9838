"""What came out of the service for a table's rows."""
