"""Files that hold other files, or begin like one of another kind: what stands in their heads."""
