"""A simulation of many drops: the shipped policies and the shipped state machine, on a clock that
jumps from event to event, against a service with the documented limits. `make simulate` runs it;
docs/simulation.md says what is shipped code in it and what is modelled."""
