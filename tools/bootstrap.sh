#!/bin/sh
# bootstrap.sh build|test|docs|ci: finds what is missing to build, to test or to run every gate, by trying
# the thing itself, and installs it with apt-get if root or sudo without a password allows it; else
# names the packages and fails. Says nothing, and needs no network, if nothing is missing.
# Reads CC, LUA, LUA_INCDIR, BLAS_CFLAGS and BLAS_LIBS as the Makefile does.
set -u
what=${1:-build}
CC=${CC:-cc}
LUA=${LUA:-lua5.4}
LUA_INCDIR=${LUA_INCDIR:-/usr/include/lua5.4}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

have() {
    command -v "$1" >/dev/null 2>&1
}

# compiles TEXT FLAGS...: CC and the flags are lists of words.
# shellcheck disable=SC2086
compiles() {
    text=$1
    shift
    printf '%s\nint probe;\n' "$text" >"$dir/probe.c"
    ${USE_CC:-$CC} -fPIC -shared -o "$dir/probe.so" "$dir/probe.c" "$@" >/dev/null 2>&1
}

# The compiler may be what is missing: then look for the headers with the eyes.
# shellcheck disable=SC2086
missing() {
    if compiles '#include <stdio.h>'; then
        compiles '#include <lua.h>' "-I$LUA_INCDIR" || echo liblua5.4-dev
        compiles '#include <cblas.h>' ${BLAS_CFLAGS:-} ${BLAS_LIBS:--lopenblas} || echo libopenblas-dev
    else
        echo gcc libc6-dev
        [ -e "$LUA_INCDIR/lua.h" ] || echo liblua5.4-dev
        find /usr/include /usr/local/include -name cblas.h 2>/dev/null | grep -q openblas ||
            echo libopenblas-dev
    fi
    have make || echo make
    have "$LUA" || echo lua5.4
    [ "$what" = build ] && return

    if [ "$what" = docs ]; then
        printf -- '--- A *b*.\n-- @module a\nreturn {}\n' >"$dir/a.lua"
        if ! have ldoc; then
            echo lua-ldoc lua-discount
        elif ! ldoc -q -f discount -d "$dir/site" "$dir/a.lua" >"$dir/ldoc" 2>&1 ||
            grep -q 'not found' "$dir/ldoc"; then
            echo lua-discount
        fi
        return
    fi

    # busted may be there for another Lua only: ask this one for it and for the C rocks it needs.
    have busted && "$LUA" -e 'require "busted.core"; require "busted.modules.cli"; require "lfs"' \
        >/dev/null 2>&1 || echo lua-busted
    have curl || echo curl
    have unzip || echo unzip
    have ps || echo procps
    # What the locales of the tests are made of.
    have localedef && [ -e /usr/share/i18n/locales/de_DE ] || echo locales
    [ "$what" = test ] && return

    have gcc || echo gcc
    USE_CC=clang compiles '#include <stdio.h>' || echo clang
    # The sanitizers and libFuzzer of clang.
    ls "$(clang -print-runtime-dir 2>/dev/null)"/libclang_rt.fuzzer* >/dev/null 2>&1 || echo libclang-rt-dev
    have clang-format || echo clang-format
    have luacheck || echo lua-check
    have luarocks || echo luarocks
    have nm || echo binutils
    have git || echo git
}

case $what in
build | test | docs | ci) ;;
*)
    echo "usage: $0 build|test|docs|ci" >&2
    exit 2
    ;;
esac

packages=$(missing | tr ' ' '\n' | sort -u | tr '\n' ' ' | sed 's/ *$//')
[ -z "$packages" ] && exit 0

line="apt-get install -y --no-install-recommends $packages"
if ! have apt-get; then
    echo "cmml: missing (by the names of Debian's packages): $packages" >&2
    exit 1
elif [ "$(id -u)" -eq 0 ]; then
    sudo=
elif have sudo && sudo -n true 2>/dev/null; then
    sudo='sudo -n'
else
    echo "cmml: missing; install it with: apt-get update && $line" >&2
    exit 1
fi

echo "cmml: installing $packages"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
{ $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive $line; } >"$dir/log" 2>&1 || {
    tail -n 20 "$dir/log" >&2
    echo "cmml: could not install: $packages" >&2
    exit 1
}

packages=$(missing | tr ' ' '\n' | sort -u | tr '\n' ' ' | sed 's/ *$//')
[ -z "$packages" ] && exit 0
echo "cmml: still missing after installing: $packages" >&2
exit 1
