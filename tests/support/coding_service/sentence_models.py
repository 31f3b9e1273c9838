"""A sentence model of a few kilobytes, of the form of real ones, with weights by chance."""

import json
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import erf, softmax

from training.fit.sentence_model import read_tensors

WIDTH, INNER, LAYERS, HEADS, PLACES = 16, 32, 2, 4, 64
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WORDS = ("cook", "bus", "driver", "bread", "school", "##er")
LETTERS = string.ascii_lowercase + string.digits


def sentence_model_folder(folder: Path, *, seed: int = 1, **config: Any) -> Path:
    """Writes one; `config` changes its description. Returns the folder."""
    pieces = [*MARKS, *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS), *"-,./!"]
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", "utf-8")
    described = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "layer_norm_eps": 1e-12,
    }
    (folder / "config.json").write_text(json.dumps(described | config), "utf-8")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}', "utf-8")
    pooling = '{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}'
    (folder / "1_Pooling" / "config.json").write_text(pooling, "utf-8")
    (folder / "model.safetensors").write_bytes(safetensors(_weights(len(pieces), seed)))
    return folder


def safetensors(arrays: dict[str, npt.NDArray[np.float32]]) -> bytes:
    """Arrays as a file: the length of a description, the description, the numbers."""
    described: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    content = b""
    for name, values in arrays.items():
        end = len(content) + values.nbytes
        described[name] = {
            "dtype": "F32",
            "shape": list(values.shape),
            "data_offsets": [len(content), end],
        }
        content += values.astype("<f4").tobytes()
    header = json.dumps(described).encode()
    return len(header).to_bytes(8, "little") + header + content


def _weights(pieces: int, seed: int) -> dict[str, npt.NDArray[np.float32]]:
    dice = np.random.default_rng(seed)

    def numbers(*shape: int) -> npt.NDArray[np.float32]:
        return dice.normal(size=shape).astype(np.float32)

    found = {
        "embeddings.word_embeddings.weight": numbers(pieces, WIDTH),
        "embeddings.position_embeddings.weight": numbers(PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": numbers(2, WIDTH),
    }
    norms = ["embeddings.LayerNorm"]
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        shapes = {
            **{f"attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")},
            "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (INNER, WIDTH),
            "output.dense": (WIDTH, INNER),
        }
        for name, shape in shapes.items():
            found[f"{layer}.{name}.weight"] = numbers(*shape)
            found[f"{layer}.{name}.bias"] = numbers(shape[0])
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    for name in norms:
        found[f"{name}.weight"] = np.abs(numbers(WIDTH))
        found[f"{name}.bias"] = numbers(WIDTH)
    return found


def in_full_precision(folder: Path) -> Callable[[Sequence[int]], npt.NDArray[np.float64]]:
    """The model in a folder, computed as it is written down: from pieces to a vector."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    tensors = read_tensors((folder / "model.safetensors").read_bytes())
    found = {name: values.astype(np.float64) for name, values in tensors.items()}
    heads = config["num_attention_heads"]

    def linear(rows: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
        return rows @ found[f"{name}.weight"].T + found[f"{name}.bias"]

    def norm(rows: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
        centred = rows - rows.mean(-1, keepdims=True)
        even = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + config["layer_norm_eps"])
        scaled: npt.NDArray[np.float64] = even * found[f"{name}.weight"] + found[f"{name}.bias"]
        return scaled

    def layer(rows: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
        asked, keys, values = (
            linear(rows, f"{name}.attention.self.{part}").reshape(len(rows), heads, -1)
            for part in ("query", "key", "value")
        )
        scores = np.einsum("ihd,jhd->hij", asked, keys) / np.sqrt(asked.shape[-1])
        taken = np.einsum("hij,jhd->ihd", softmax(scores, axis=-1), values)
        mixed = linear(taken.reshape(rows.shape), f"{name}.attention.output.dense")
        rows = norm(rows + mixed, f"{name}.attention.output.LayerNorm")
        wide = linear(rows, f"{name}.intermediate.dense")
        wide *= 0.5 * (1 + erf(wide / np.sqrt(2)))
        return norm(rows + linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def read(pieces: Sequence[int]) -> npt.NDArray[np.float64]:
        rows = found["embeddings.word_embeddings.weight"][list(pieces)]
        rows = rows + found["embeddings.position_embeddings.weight"][: len(pieces)]
        rows = rows + found["embeddings.token_type_embeddings.weight"][0]
        rows = norm(rows, "embeddings.LayerNorm")
        for number in range(config["num_hidden_layers"]):
            rows = layer(rows, f"encoder.layer.{number}")
        mean: npt.NDArray[np.float64] = rows.mean(axis=0)
        return mean / np.linalg.norm(mean)

    return read
