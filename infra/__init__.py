"""The CDK app: settings, the one function factory, shared constructs, a folder for each stack."""
