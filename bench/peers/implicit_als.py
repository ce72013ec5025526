#!/usr/bin/env python3
"""Implicit ALS by the library `implicit`, as the peer of bench/cf.lua.

Reads an archive with users and items (I32, from 0) of the training interactions, solves with one
thread, prints the processor's seconds and writes the vectors to another archive. `implicit` takes
confidences, not weights: each interaction has 1 + alpha.
"""

import argparse
import json
import os
import sys
import time

for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = "1"  # before the libraries load

import implicit
import numpy as np
import scipy.sparse as sparse
from archive import read_archive


def write_archive(path, arrays):
    """Float32 arrays into a .safetensors file."""
    header, parts, at = {}, [], 0
    for name, array in arrays.items():
        parts.append(np.ascontiguousarray(array, np.float32).tobytes())
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [at, at + len(parts[-1])]}
        at += len(parts[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--iterations", type=int, default=15)
    parser.add_argument("--alpha", type=float, default=1)
    parser.add_argument("--regularization", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    arrays = read_archive(options.data)
    shape = tuple(arrays["shape"])
    began = time.process_time()
    weights = np.full(len(arrays["users"]), 1 + options.alpha, np.float32)
    matrix = sparse.csr_matrix((weights, (arrays["users"], arrays["items"])), shape)
    model = implicit.als.AlternatingLeastSquares(
        factors=options.factors, regularization=options.regularization, alpha=1,
        iterations=options.iterations, num_threads=1, use_gpu=False, random_state=options.seed)
    model.fit(matrix, show_progress=False)
    seconds = time.process_time() - began
    write_archive(options.out, {"users": model.user_factors, "items": model.item_factors})
    print(f"{seconds}\timplicit {implicit.__version__}, numpy {np.__version__}")


if __name__ == "__main__":
    sys.exit(main())
