"""The CDK app: settings → stacks."""

import sys

from aws_cdk import App

from infra.app import add_stacks
from infra.settings.types import SettingsError

app = App()
try:
    add_stacks(app)
except SettingsError as error:
    sys.exit(str(error))
app.synth()
