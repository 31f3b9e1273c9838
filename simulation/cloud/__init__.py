"""What the pipeline runs on, simulated: its queue, its functions, its table, the service, the bill.

The states between the functions are `simulation.state_machine`'s.
"""
