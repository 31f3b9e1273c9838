"""How long each function takes from its first import until it could take an event.

    make bench-starts

From the packaged asset, in fresh interpreters of the environment that stands for the Lambda
runtime, as AWS would start them: the handler's module is imported, and what it works with is
built (clients included; nothing is called). The median of some starts, one at a time.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.streams import function_variables
from infra.assets import build
from infra.assets.building import LAMBDA_PYTHON
from infra.settings.settings import Settings

ASSETS = "build/bench/assets"
STARTS = 9  # ours: of each function; their median does not move with one busy moment
GOAL_MS = 400

FUNCTIONS = {
    "pipeline": {
        "receive.handler": "handler.receiver(handler.dependencies())",
        "submit.handler": "handler.submitter(handler.dependencies())",
        "check.handler": "handler.dependencies().polling",
        "collect.handler": "handler.collector(handler.dependencies())",
        "report_failure.handler": "handler.dependencies().executions",
    },
    "tables": {
        "prepare.handler": (
            "handler.preparer(handler.dependencies(), 'arn:aws:lambda:x:1:function:prepare'), "
            "handler.prepare_queues(handler.dependencies())"
        ),
        "finish.handler": "handler.finisher(handler.dependencies())",
    },
    "coding_service": {
        "authorizer.handler": "handler.token_check()",
        "api.handler": "handler.routes()",
        "api.code_handler": "handler.routes()",
        "inference.start_handler": (
            "handler.s3(), handler.step_functions(), handler.inference_state_machine()"
        ),
        "inference.code_handler": "handler.code_step()",
        "inference.lifecycle_handler": "handler.lifecycle()",
        "amazon_ml.api.handler": "handler.operations()",
        "amazon_ml.work.handler": "handler.dependencies()",
    },
}
"""By asset: each handler's module, and what it evaluates before its first event is handled."""
PACKAGE_OF = {"tables": "pipeline"}
"""The package of an asset's handlers, where the asset has another name."""

VARIABLES = {
    **function_variables.VARIABLES,
    "AWS_REGION": "ap-southeast-2",
    "AWS_DEFAULT_REGION": "ap-southeast-2",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_LAMBDA_FUNCTION_NAME": "cold-start",
    "PYTHONDONTWRITEBYTECODE": "1",
    "STATE_MACHINE_ARN": "arn",
    "DROP_BUCKET": "drops",
    "ARRIVALS_QUEUE": "https://sqs.example/arrivals",
    "PREPARED_QUEUE": "https://sqs.example/prepared",
    "INFERENCE_RANGE_BYTES": "33554432",
    "JWKS_URL": "https://127.0.0.1",
    "TOKEN_ISSUER": "issuer",
    "OAUTH_SCOPE": "scope",
    "PUBLIC_OAUTH_SCOPE": "public",
    "PUBLIC_REQUESTS_PER_DAY": "1000",
    "OPERATIONS_TABLE": "operations",
    "INPUT_BUCKET": "input",
    "OUTPUT_BUCKET": "output",
    "MODELS_BUCKET": "models",
    "INPUT_KEY_ARN": "arn",
    "S3_ADDRESSING_STYLE": "virtual",
    "REQUEST_BURST": "1",
    "UPLOAD_WINDOW_SECONDS": "3600",
    "RESULTS_SECONDS": "82800",
    "INFERENCE_STATE_MACHINE_ARN": "arn",
    "MACHINE_LEARNING_TABLE": "predictions",
    "PREDICTIONS_STATE_MACHINE_ARN": "arn",
    "ACCESS_KEYS": "{}",
    "ACCOUNT_ID": "000000000000",
    "SERVICE_REGION": "ap-southeast-2",
}
"""What Lambda and the two stacks set; nothing of it is called."""

START = """
import time
begun = time.perf_counter(), time.process_time()
import {package}.{module} as handler
imported = time.perf_counter()
{built}
print((imported - begun[0]) * 1000, (time.perf_counter() - begun[0]) * 1000,
      (time.process_time() - begun[1]) * 1000)
"""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Medians, in milliseconds."""

    package: str
    """The asset, which has the name of a package."""
    module: str
    imported_ms: float
    ready_ms: float
    """Import and initialisation together."""
    cpu_ms: float
    """Processor time of both: below `ready_ms` where the machine had other work."""


def cold_starts(assets: str = ASSETS, starts: int = STARTS) -> Iterator[ColdStart]:
    """Builds the assets for this machine where they changed, and starts each function."""
    settings = Settings(assets=assets, local_cloud="https://127.0.0.1", coding_service=True)
    for asset, functions in FUNCTIONS.items():
        folder = build(asset, settings, say=lambda line: print(line, file=sys.stderr))
        for module in functions:
            tries = [start(folder, asset, module) for _ in range(starts)]
            medians = (median(each) for each in zip(*tries, strict=True))
            yield ColdStart(asset, module, *medians)


def start(
    code: Path,
    asset: str,
    module: str,
    *,
    python: Path = LAMBDA_PYTHON,
    variables: Mapping[str, str] = VARIABLES,
) -> tuple[float, ...]:
    """One start of a function whose code lies in `code`: the numbers of `ColdStart`.

    Raises RuntimeError with what the function said."""
    places = {"PYTHONPATH": str(code), "LAMBDA_TASK_ROOT": str(code), "HOME": str(code)}
    built = FUNCTIONS[asset][module]
    package = PACKAGE_OF.get(asset, asset)
    done = subprocess.run(
        [str(python), "-c", START.format(package=package, module=module, built=built)],
        env={**variables, **places},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{package}.{module} did not start:\n{done.stderr}")
    return tuple(float(number) for number in done.stdout.split())


def main() -> None:
    for each in cold_starts():
        late = " over the goal" if each.ready_ms > GOAL_MS else ""
        print(
            f"{each.package:15} {each.module:10} import {each.imported_ms:4.0f} ms, "
            f"ready {each.ready_ms:4.0f} ms, CPU {each.cpu_ms:4.0f} ms{late}"
        )


if __name__ == "__main__":
    main()
