#!/bin/sh
# The first step of the build: tells a missing compiler, OpenBLAS or Lua by name, before the compiler
# says it in fifty lines. Reads CC, LUA, LUA_INCDIR, BLAS_CFLAGS and BLAS_LIBS; prints nothing if all
# is well.
set -u
CC=${CC:-cc}
LUA=${LUA:-lua5.4}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# CC and the flags are lists of words.
# shellcheck disable=SC2086
compile() {
    $CC "$@" >"$dir/log" 2>&1
}

printf '#include <stdio.h>\nint probe(void);\nint probe(void)\n{\n    return BUFSIZ;\n}\n' >"$dir/c.c"
compile -c -o "$dir/c.o" "$dir/c.c" || fail \
    "cmml: the C compiler '$CC' does not work: $(tail -n 1 "$dir/log")" \
    'Install one (Debian: apt-get install gcc libc6-dev) or pass CC=.'

cat >"$dir/blas.c" <<'END'
#include <cblas.h>
float probe(void);
float probe(void) { return cblas_sdot(0, 0, 1, 0, 1); }
END
# shellcheck disable=SC2086
compile ${BLAS_CFLAGS:-} -fPIC -shared -o "$dir/blas.so" "$dir/blas.c" ${BLAS_LIBS:--lopenblas} || fail \
    "cmml: OpenBLAS is missing (cblas.h and ${BLAS_LIBS:--lopenblas}): $(head -n 1 "$dir/log")" \
    'Install it (Debian: apt-get install libopenblas-dev) or pass BLAS_CFLAGS= and BLAS_LIBS=.'

cat >"$dir/lua.c" <<'END'
#include <lua.h>
#if LUA_VERSION_NUM < 504
#error "this lua.h is older than Lua 5.4"
#endif
END
compile -I"${LUA_INCDIR:=/usr/include/lua5.4}" -c -o "$dir/lua.o" "$dir/lua.c" || fail \
    "cmml: lua.h of Lua 5.4 is missing in '$LUA_INCDIR': $(grep -m 1 error "$dir/log")" \
    'Install it (Debian: apt-get install liblua5.4-dev) or pass LUA_INCDIR=.'

# The build runs Lua to list the library's parts and to write its reference.
"$LUA" -e 'assert(_VERSION >= "Lua 5.4", _VERSION)' \
    >"$dir/log" 2>&1 || fail \
    "cmml: the interpreter '$LUA' does not run or is older than Lua 5.4: $(head -n 1 "$dir/log")" \
    'Install it (Debian: apt-get install lua5.4) or pass LUA=.'

# It loads the core, which must have been compiled for it.
version=$("$LUA" -e 'io.write(_VERSION:match "%d+%.%d+")')
{
    echo '#include <lua.h>'
    printf '#if LUA_VERSION_NUM != %d%02d\n' "${version%.*}" "${version#*.}"
    printf '#error "this lua.h is not that of Lua %s"\n#endif\n' "$version"
} >"$dir/same.c"
compile -I"$LUA_INCDIR" -c -o "$dir/same.o" "$dir/same.c" || fail \
    "cmml: the interpreter '$LUA' is Lua $version, but '$LUA_INCDIR/lua.h' is of another version" \
    'Pass LUA= and LUA_INCDIR= of one version.'
