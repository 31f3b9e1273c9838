"""The Coding Service: an open implementation of the batch-coding protocol."""

import gc

# A cold start's objects mostly stay (modules, service models); looking through them for garbage
# at every 700 new objects, Python's default, takes a tenth of the start.
gc.set_threshold(200_000, 10, 10)
