"""Amazon ML's service model as botocore ships it, and a validator of answers against it."""

import re
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

PRIMITIVES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (float, int),
    "boolean": (bool,),
    "timestamp": (float, int),
}


@cache
def service_model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("machinelearning", "service-2"))


def faults_of(operation: str, answer: Any) -> list[str]:
    """What in a success, as JSON, is not as the service model has it."""
    output = service_model().operation_model(operation).output_shape
    assert output is not None
    return list(_faults(operation, output, answer))


def _faults(at: str, shape: Shape, value: Any) -> list[str]:
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            return [f"{at} is no object"]
        found = [f"{at} lacks {name}" for name in shape.required_members if name not in value]
        found += [f"{at} has {name}, which is unknown" for name in value.keys() - shape.members]
        for name, member in shape.members.items():
            if name in value:
                found += _faults(f"{at}.{name}", member, value[name])
        return found
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            return [f"{at} is no list"]
        return [
            fault
            for place, each in enumerate(value)
            for fault in _faults(f"{at}[{place}]", shape.member, each)
        ]
    if isinstance(shape, MapShape):
        return [] if isinstance(value, dict) else [f"{at} is no map"]
    return _primitive_faults(at, shape, value)


def _primitive_faults(at: str, shape: Shape, value: Any) -> list[str]:
    wanted = PRIMITIVES[shape.type_name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        return [f"{at} is {type(value).__name__}, not {shape.type_name}"]
    if not isinstance(value, str):
        return []
    assert isinstance(shape, StringShape)
    found = []
    if shape.enum and value not in shape.enum:
        found.append(f"{at} is {value!r}, none of {shape.enum}")
    pattern = shape.metadata.get("pattern")
    if pattern and re.fullmatch(pattern, value) is None:
        found.append(f"{at} is {value!r}, which does not match {pattern}")
    if len(value) > shape.metadata.get("max", len(value)):
        found.append(f"{at} is longer than {shape.metadata['max']}")
    if len(value) < shape.metadata.get("min", 0):
        found.append(f"{at} is shorter than {shape.metadata['min']}")
    return found
