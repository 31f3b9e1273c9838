"""Amazon ML's API over the service's models: data sources and batch predictions."""
