rockspec_format = "3.0"
package = "cmml"
version = "scm-1"

source = {
  url = "git+file://.", -- there is no public address yet; `luarocks make` reads the checkout
}

description = {
  summary = "Recommenders that meta-learn by context modulation",
  detailed = [[
Context modulation meta-learning (CMML) for recommendation: a model that is trained over many
people and then adapts to one that it has never seen by a single forward pass over a few ratings.
A C11 core on OpenBLAS with tensors and gradients of any order, a Lua API and a command line.]],
  license = "MIT",
  labels = { "recommender", "meta-learning", "machine-learning", "tensor", "autograd" },
}

supported_platforms = { "unix" }

dependencies = {
  "lua >= 5.4, < 5.6",
}

-- No `header` here: Debian keeps cblas.h where LuaRocks does not look. The build tries it itself.
external_dependencies = {
  OPENBLAS = { library = "openblas" },
}

build = {
  type = "make",
  build_target = "all",
  -- A folder of its own, so that a rock does not disturb what `make` built in the same checkout.
  build_variables = {
    BUILD = "build/rock",
    CC = "$(CC)",
    CFLAGS = "$(CFLAGS)",
    LIBFLAG = "$(LIBFLAG)",
    LUA = "$(LUA)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    OPENBLAS_INCDIR = "$(OPENBLAS_INCDIR)",
    OPENBLAS_LIBDIR = "$(OPENBLAS_LIBDIR)",
  },
  -- The same flags again: installing with others would compile again.
  install_variables = {
    BUILD = "build/rock",
    CC = "$(CC)",
    CFLAGS = "$(CFLAGS)",
    LIBFLAG = "$(LIBFLAG)",
    LUA = "$(LUA)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    OPENBLAS_INCDIR = "$(OPENBLAS_INCDIR)",
    OPENBLAS_LIBDIR = "$(OPENBLAS_LIBDIR)",
    INST_LIBDIR = "$(LIBDIR)",
    INST_LUADIR = "$(LUADIR)",
    INST_BINDIR = "$(BINDIR)",
    WITHOUT_HOST = "yes",
  },
  copy_directories = { "doc", "examples", "data" },
}

test = {
  type = "command",
  command = "make test",
}
