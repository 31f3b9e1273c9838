"""The whole thing, deployed as users deploy it, with TLS and IAM enforced."""
