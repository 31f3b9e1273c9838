"""How good a model is: accuracy, coverage, precision and calibration, as table and plot.

Nothing here changes a model.
"""
