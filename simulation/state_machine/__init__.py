"""An interpreter of the shipped state machine, on simulated time: states, rules, paths.

What the functions do is not here but in `simulation.cloud`.
"""
