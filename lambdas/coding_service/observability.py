"""Logs, traces and metrics of every function of the service.

The correlation id of all of them is the operation's id. Answers carry presigned URLs, so
handlers are traced without their responses.
"""

from aws_lambda_powertools import Logger, Metrics, Tracer

from shared.environment import metrics_namespace

SERVICE = "coding-service"

logger = Logger(service=SERVICE)
tracer = Tracer(service=SERVICE)
metrics = Metrics(namespace=metrics_namespace(), service=SERVICE)
