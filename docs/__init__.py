"""The project's documents, and what keeps their generated blocks true (`make docs`)."""
