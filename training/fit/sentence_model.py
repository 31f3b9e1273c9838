"""Reads a sentence model of BERT's form, as `sentence-transformers` keeps one in a folder.

    config.json            the model's shape; `model_type` is bert
    model.safetensors      the weights
    vocab.txt              the word pieces, one a line
    tokenizer_config.json  `do_lower_case`
    1_Pooling/config.json  how the pieces of a text become one: their mean, or the first

Its weights are rounded to eight bits here, each row or column with a scale of its own.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coding_service.coder.sentence.encoder import (
    Layer,
    Norm,
    Pieces,
    Scaled,
    SentenceEncoder,
    rounded,
)
from coding_service.coder.sentence.word_pieces import MOST_PIECES, WordPieces
from coding_service.coder.text.features import Floats
from shared.received_json import JsonFault, read_object
from training.errors import TopicError
from training.topic.settings_yaml import read_text

CONFIG, WEIGHTS, VOCABULARY, TOKENIZER, POOLING = (
    "config.json",
    "model.safetensors",
    "vocab.txt",
    "tokenizer_config.json",
    "1_Pooling/config.json",
)
PARTS = ("query", "key", "value")
KINDS: Mapping[str, type[np.generic]] = {"F32": np.float32, "F16": np.float16}
HEADER_BYTES = 8  # in front of the weights: the length of their description (safetensors)
REMEDY = (
    "Run `make sentence-model`, or name the folder of a sentence-transformers model of BERT's form"
    " under sentenceModel"
)


@dataclass(frozen=True, slots=True)
class SentenceModel:
    """A sentence model, ready to read texts."""

    name: str
    """The name of its folder."""
    weights_hash: str
    """SHA-256 of its weights' file, as hex."""
    encoder: SentenceEncoder


def read_sentence_model(folder: Path) -> SentenceModel:
    """The sentence model in a folder.

    Raises `TopicError` if a file is missing or damaged, or the model is of another form.
    """
    config, pooling = _json(folder / CONFIG), _json(folder / POOLING)
    form = {"model_type": "bert", "hidden_act": "gelu"}
    for name, wanted in form.items():
        if config.get(name) != wanted:
            problem = f"{name} is {config.get(name)!r}, not {wanted!r}"
            raise TopicError(folder / CONFIG, None, problem, REMEDY)
    if not (pooling.get("pooling_mode_mean_tokens") or pooling.get("pooling_mode_cls_token")):
        raise TopicError(folder / POOLING, None, "neither mean nor first piece", REMEDY)
    vocabulary = read_text(folder / VOCABULARY).rstrip("\n").split("\n")
    lower_case = bool(_json(folder / TOKENIZER).get("do_lower_case", True))
    path, content = folder / WEIGHTS, _weights(folder)
    try:
        encoder = _encoder(
            read_tensors(content),
            config,
            vocabulary,
            lower_case=lower_case,
            mean=bool(pooling.get("pooling_mode_mean_tokens")),
        )
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise TopicError(path, None, f"not the weights of {CONFIG}: {error!r}", REMEDY) from error
    return SentenceModel(folder.name, hashlib.sha256(content).hexdigest(), encoder)


def weights_hash(folder: Path) -> str:
    """SHA-256 of the weights of the sentence model in a folder, as hex. Raises `TopicError`."""
    return hashlib.sha256(_weights(folder)).hexdigest()


def _weights(folder: Path) -> bytes:
    try:
        return (folder / WEIGHTS).read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise TopicError(folder / WEIGHTS, None, reason, REMEDY) from error


def _json(path: Path) -> Mapping[str, Any]:
    try:
        return read_object(read_text(path))
    except JsonFault as fault:
        raise TopicError(path, None, str(fault), REMEDY) from fault


def read_tensors(content: bytes) -> dict[str, Floats]:
    """The weights by name, without what some models write in front of their names."""
    size = int.from_bytes(content[:HEADER_BYTES], "little")
    first = HEADER_BYTES + size
    found = {}
    for name, about in json.loads(content[HEADER_BYTES:first]).items():
        if name == "__metadata__" or about["dtype"] not in KINDS:
            continue
        kind, shape = KINDS[about["dtype"]], tuple(map(int, about["shape"]))
        offset = first + int(about["data_offsets"][0])
        values = np.frombuffer(content, kind, count=math.prod(shape), offset=offset)
        found[name.removeprefix("bert.")] = values.reshape(shape).astype(np.float32)
    return found


def _encoder(
    tensors: Mapping[str, Floats],
    config: Mapping[str, Any],
    vocabulary: Sequence[str],
    *,
    lower_case: bool,
    mean: bool,
) -> SentenceEncoder:
    smallest = np.float32(config["layer_norm_eps"])

    def norm(name: str) -> Norm:
        return Norm(tensors[f"{name}.weight"], tensors[f"{name}.bias"], smallest)

    def scaled(*names: str) -> Scaled:
        weights = np.concatenate([tensors[f"{name}.weight"] for name in names])
        bias = np.concatenate([tensors[f"{name}.bias"] for name in names])
        return Scaled.rounding(weights.T, bias)

    def layer(name: str) -> Layer:
        return Layer(
            scaled(*(f"{name}.attention.self.{part}" for part in PARTS)),
            scaled(f"{name}.attention.output.dense"),
            norm(f"{name}.attention.output.LayerNorm"),
            scaled(f"{name}.intermediate.dense"),
            scaled(f"{name}.output.dense"),
            norm(f"{name}.output.LayerNorm"),
        )

    numbers, scale = rounded(tensors["embeddings.word_embeddings.weight"])
    places = tensors["embeddings.position_embeddings.weight"][:MOST_PIECES]
    # Every text is of the first kind of the two that BERT tells apart.
    places = places + tensors["embeddings.token_type_embeddings.weight"][0]
    return SentenceEncoder(
        WordPieces.of(vocabulary, lower_case=lower_case, most=len(places)),
        Pieces(numbers.astype(np.int8), scale[:, 0], places, norm("embeddings.LayerNorm")),
        [layer(f"encoder.layer.{number}") for number in range(config["num_hidden_layers"])],
        config["num_attention_heads"],
        mean,
    )
