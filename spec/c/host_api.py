"""host_api.py LIBRARY MODEL: the five best items for somebody, as a host in Python asks for them by
ctypes. Started by spec/host_api_spec.lua."""
import ctypes
import sys


class Query(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("n", ctypes.c_int32),
                ("exclude", ctypes.POINTER(ctypes.c_int32)), ("n_exclude", ctypes.c_size_t),
                ("allowed", ctypes.POINTER(ctypes.c_uint8)), ("with_support", ctypes.c_int32)]


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("text", ctypes.c_char * 1024)]


cmml = ctypes.CDLL(sys.argv[1])
cmml.cmml_version.restype = cmml.cmml_predictor_error.restype = ctypes.c_char_p
cmml.cmml_model_id.restype = ctypes.POINTER(ctypes.c_char)
cmml.cmml_model_id.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_size_t)]
cmml.cmml_observe.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_float]
model, predictor, person = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
error = Error()


def check(status):
    if status != 0:
        told = cmml.cmml_predictor_error(predictor) if predictor else error.text
        sys.exit("status %d: %s" % (status, told.decode()))


assert cmml.cmml_model_load(b"/nowhere", ctypes.byref(model), ctypes.byref(error)) == 6
assert b"/nowhere" in error.text and not model
check(cmml.cmml_model_load(sys.argv[2].encode(), ctypes.byref(model), ctypes.byref(error)))
check(cmml.cmml_predictor_new(model, None, ctypes.byref(predictor), ctypes.byref(error)))
check(cmml.cmml_context_new(predictor, ctypes.byref(person)))
check(cmml.cmml_observe(person, 0, 5.0))
check(cmml.cmml_observe(person, 3, 1.0))
assert cmml.cmml_observe(person, -1, 1.0) == 3 and b"item -1" in cmml.cmml_predictor_error(predictor)
items, scores, found = (ctypes.c_int32 * 5)(), (ctypes.c_float * 5)(), ctypes.c_int32()
query = Query(size=ctypes.sizeof(Query), n=5)
check(cmml.cmml_recommend(person, ctypes.byref(query), items, scores, ctypes.byref(found)))
for k in range(found.value):
    length = ctypes.c_size_t()
    name = cmml.cmml_model_id(model, items[k], ctypes.byref(length))
    print(name[:length.value].decode(), scores[k])
cmml.cmml_context_free(person)
cmml.cmml_predictor_free(predictor)
cmml.cmml_model_release(model)
