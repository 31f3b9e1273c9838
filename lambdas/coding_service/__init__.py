"""The Coding Service: an open implementation of the batch-coding protocol."""
