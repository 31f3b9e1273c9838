"""The local cloud: AWS's APIs on loopback, the same templates, the whole journey on one machine."""
