"""Files of arrays that the benchmark hands to its peers."""

import json

import numpy as np

_KINDS = {"I32": np.int32, "I64": np.int64, "F32": np.float32, "F64": np.float64}


def read_archive(path):
    """The arrays of a .safetensors file by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])],
                                _KINDS[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items()}
