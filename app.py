"""The CDK app: settings → stacks."""

from aws_cdk import App

from infra.app import add_stacks

app = App()
add_stacks(app)
app.synth()
