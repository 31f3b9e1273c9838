"""What a simulation shows: measures, their text, and the price list of docs/scale.md."""
