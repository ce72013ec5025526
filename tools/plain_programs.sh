#!/bin/sh
# plain_programs.sh FOLDER: makes programs in FOLDER that run those of the system without preloaded
# libraries: these wait for ever in the libraries that they load where the address sanitizer's runtime
# came first.
set -eu
mkdir -p "$1"
for name in curl wget ps; do
    real=$(command -v "$name") || continue
    printf '#!/bin/sh\nunset LD_PRELOAD\nexec %s "$@"\n' "$real" >"$1/$name"
    chmod +x "$1/$name"
done
