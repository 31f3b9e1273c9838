"""The rule pack that every synth is checked against."""

from __future__ import annotations

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks


def check_rules(app: App) -> None:
    """Makes synth fail on each finding of AwsSolutions that no reason stands beside."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
