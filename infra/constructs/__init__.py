"""What both stacks build secure by construction: a key, storage, queues, topics, log groups."""

from infra.constructs.keys import stack_key, storage_removal, use_key
from infra.constructs.secure_messaging import (
    dead_letters,
    encrypted_log_group,
    secure_topic,
    work_queue,
)
from infra.constructs.secure_storage import secure_bucket, secure_table

__all__ = [
    "dead_letters",
    "encrypted_log_group",
    "secure_bucket",
    "secure_table",
    "secure_topic",
    "stack_key",
    "storage_removal",
    "use_key",
    "work_queue",
]
