"""The CodingService stack: an open implementation of the batch-coding service."""
