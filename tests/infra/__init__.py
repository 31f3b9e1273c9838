"""Tests of the CDK app and the assets."""
