#!/bin/sh
# plain_programs.sh FOLDER: makes programs in FOLDER that run those of the system without preloaded
# libraries: under the address sanitizer's runtime curl waits for itself for ever, and others are
# told to leak.
set -eu
mkdir -p "$1"
for name in curl wget md5sum openssl unzip bsdtar python3 mkdir rm gzip zstd xz bzip2; do
    real=$(command -v "$name") || continue
    printf '#!/bin/sh\nunset LD_PRELOAD\nexec %s "$@"\n' "$real" >"$1/$name"
    chmod +x "$1/$name"
done
