"""Pipeline: takes dropped files through a Coding Service and brings the coded results home."""
