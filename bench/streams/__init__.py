"""Submit and Collect beside what a user would run instead, against storage on loopback."""
