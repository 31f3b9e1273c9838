"""What a person, or a program, sees: results on standard output, all else on standard error."""
