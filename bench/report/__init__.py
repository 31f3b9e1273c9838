"""What runs of the measurements become: kept figures, goals, tables and plots for docs/scale.md."""
