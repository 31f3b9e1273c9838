"""Pipeline: takes dropped files through a Coding Service and brings the coded results home."""

import gc

# What a cold start makes mostly stays (modules, service models); to look through it for garbage
# every 700 new objects, Python's default, takes a tenth of the start.
gc.set_threshold(200_000, 10, 10)
