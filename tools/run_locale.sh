#!/bin/sh
# run_locale.sh BUILD LOCALE QUICK BUSTED: runs the quick specs by BUSTED in processes that choose
# a locale before anything else, as do those that they start. Fails if a spec does, or if a line of
# the library wrote a number, changed letters or ordered strings in that locale.
set -u
build=$PWD/$1 locale=$2 quick=$3 busted=$4
sh tools/locales.sh "$build/locales" "$locale" || exit 1

if [ -s "$build/spec_times" ]; then
    SPECS=$(awk -v quick="$quick" '$2 < 1000 * quick { print $1 }' "$build/spec_times")
else
    SPECS=$(ls spec/*_spec.lua)
fi
export SPECS
log=$build/locale.log
rm -f "$log"

# The interpreter runs LUA_INIT_5_4 first, also in the processes that specs start.
export CMML_LOCALE_LOG="$log" LOCPATH="$build/locales" CMML_LOCALE_INIT="assert(os.setlocale '$locale')
    package.loadlib('$build/locale_probe.so', 'luaopen_locale_probe')()"
sh tools/run_tests.sh "env LD_PRELOAD='$build/locale_probe.so' LUA_INIT_5_4=\"\$CMML_LOCALE_INIT\" $busted"
status=$?

if [ -s "$log" ]; then
    echo
    echo 'In the locale of the host (CONTRIBUTING.md, Text in every locale):'
    sort -u "$log"
    status=1
fi
# shellcheck disable=SC2086
echo "$(printf '%s\n' $SPECS | wc -l) of $(ls spec/*_spec.lua | wc -l) spec files in $locale"
exit "$status"
