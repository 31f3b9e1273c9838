"""The Pipeline stack: a construct for each capability, joined in `stack`."""
