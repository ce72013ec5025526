#!/usr/bin/env python3
"""A host in Python: a person's ratings from the command line, the ten best items.

    python3 examples/host/recommend.py [MODEL [ITEM=RATING ..]]

It calls libcmml.so by ctypes; nothing of cmml is in Python. CMML_LIBRARY names the library where
it is neither installed nor in build/. MODEL has a frozen graph (cmml freeze); without one, a small
model is trained on the made ratings and frozen first, by the command cmml.
"""

import ctypes
import ctypes.util
import os
import subprocess
import sys
import tempfile
from ctypes import POINTER, byref, c_char, c_char_p, c_float, c_int, c_int32, c_size_t, c_void_p

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Error(ctypes.Structure):
    _fields_ = [("status", c_int), ("text", c_char * 1024)]


class Query(ctypes.Structure):
    """cmml_query: a field that is 0 means nothing special."""
    _fields_ = [("size", c_size_t), ("n", c_int32), ("exclude", POINTER(c_int32)),
                ("n_exclude", c_size_t), ("allowed", c_void_p), ("with_support", c_int32)]


def load_library():
    """The library with the types of what is called here: without them ctypes cuts pointers."""
    built = os.path.join(ROOT, "build", "libcmml.so")
    path = os.environ.get("CMML_LIBRARY") or (
        built if os.path.exists(built) else ctypes.util.find_library("cmml"))
    if not path:
        sys.exit("libcmml.so was not found: make, or set CMML_LIBRARY")
    library = ctypes.CDLL(path)
    for name, result, *arguments in (
            ("cmml_model_load", c_int, c_char_p, POINTER(c_void_p), POINTER(Error)),
            ("cmml_model_release", None, c_void_p),
            ("cmml_model_find", c_int32, c_void_p, c_char_p, c_size_t),
            ("cmml_model_id", c_void_p, c_void_p, c_int32, POINTER(c_size_t)),
            ("cmml_predictor_new", c_int, c_void_p, c_void_p, POINTER(c_void_p), POINTER(Error)),
            ("cmml_predictor_free", None, c_void_p),
            ("cmml_predictor_error", c_char_p, c_void_p),
            ("cmml_context_new", c_int, c_void_p, POINTER(c_void_p)),
            ("cmml_context_free", None, c_void_p),
            ("cmml_observe", c_int, c_void_p, c_int32, c_float),
            ("cmml_recommend", c_int, c_void_p, POINTER(Query), POINTER(c_int32),
             POINTER(c_float), POINTER(c_int32))):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


cmml = load_library()


class Predictor:
    """A model and what runs it. One thread at a time, as the library says of predictors."""

    def __init__(self, path):
        self.model, self.own, error = c_void_p(), c_void_p(), Error()
        if (cmml.cmml_model_load(os.fsencode(path), byref(self.model), byref(error))
                or cmml.cmml_predictor_new(self.model, None, byref(self.own), byref(error))):
            self.close()
            raise ValueError(error.text.decode())

    def close(self):
        cmml.cmml_predictor_free(self.own)
        cmml.cmml_model_release(self.model)

    def check(self, status):
        if status:
            raise ValueError(cmml.cmml_predictor_error(self.own).decode())

    def id_of(self, item):
        length = c_size_t()
        text = cmml.cmml_model_id(self.model, item, byref(length))
        return ctypes.string_at(text, length.value).decode()

    def recommend(self, ratings, n=10):
        """The best n as (raw id, score), after (raw id, label) of a person."""
        context, found = c_void_p(), c_int32()
        items, scores = (c_int32 * n)(), (c_float * n)()
        self.check(cmml.cmml_context_new(self.own, byref(context)))
        try:
            for item, label in ratings:
                raw = item.encode()
                row = cmml.cmml_model_find(self.model, raw, len(raw))
                if row < 0:
                    raise ValueError(f"item {item} is not in the catalogue")
                self.check(cmml.cmml_observe(context, row, label))
            query = Query(size=ctypes.sizeof(Query), n=n)
            self.check(cmml.cmml_recommend(context, byref(query), items, scores, byref(found)))
        finally:
            cmml.cmml_context_free(context)
        return [(self.id_of(items[i]), scores[i]) for i in range(found.value)]


def small_model(folder):
    command, path = os.path.join(ROOT, "bin", "cmml"), os.path.join(folder, "made.safetensors")
    trained = os.path.join(folder, "made")
    for words in (["train", "--data", os.path.join(ROOT, "data", "made"), "--out", trained,
                   "--part", "ratings", "--epochs", "6", "--batch", "4", "--quiet"],
                  ["freeze", "--model", os.path.join(trained, "best.safetensors"), "--out", path,
                   "--quiet"]):
        subprocess.run([command, *words], check=True, stdout=subprocess.DEVNULL)
    return path


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = sys.argv[1] if len(sys.argv) > 1 else small_model(folder)
        predictor = Predictor(path)
    ratings = [word.rpartition("=")[::2] for word in sys.argv[2:] or ["15=5", "9=5", "5=1"]]
    try:
        for place, (item, score) in enumerate(
                predictor.recommend([(item, float(label)) for item, label in ratings]), 1):
            print(f"{place:2d}. {item:<12s} {score:.4f}")
    finally:
        predictor.close()


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(str(error))
