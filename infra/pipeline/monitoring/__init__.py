"""What operators watch: metrics, alarms, the dashboard. What the parts do is theirs."""
