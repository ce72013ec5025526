#!/bin/sh
# run_tests.sh COMMAND...: runs each command, shows what it prints, and ends with the sum of their
# last lines `N passed, N failed`. A command that fails without saying so counts as one failure.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

for command in "$@"; do
    { sh -c "$command" 2>&1; echo $? >"$dir/status"; } | tee "$dir/log"
    status=$(cat "$dir/status")
    counts=$(sed -n 's/^\([0-9]\{1,\}\) passed, \([0-9]\{1,\}\) failed$/\1 \2/p' "$dir/log" | tail -n 1)
    p=${counts% *}
    f=${counts#* }
    if [ -z "$counts" ] || { [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; }; then
        echo "$command: ended with status $status" >&2
        p=${p:-0}
        f=1
    fi
    passed=$((passed + p))
    failed=$((failed + f))
done

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
