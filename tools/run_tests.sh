#!/bin/sh
# run_tests.sh BUSTED [COMMAND...]: runs every spec file (SPECS, by default all of spec/) by BUSTED in a
# process of its own, and every COMMAND, as many at once as there are processors (JOBS): who is free
# takes the next. What takes longest comes first, as far as the file CMML_TIMES knows (lines of a name
# and milliseconds). What takes longer than LIMIT seconds hangs: it is ended, with all that it started.
# What failed is shown at the end; the last line is the sum of their last lines, `N passed, N failed`.
# What ends badly without saying that something failed counts as one failure.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
busted=$1
shift

# The jobs, one a line: name, tab, command. What no time is known of comes first.
tab=$(printf '\t')
{
    for command in "$@"; do
        printf '%s\t%s\n' "$command" "$command"
    done
    for spec in ${SPECS:-spec/*_spec.lua}; do
        printf '%s\t%s %s\n' "$spec" "$busted" "$spec"
    done
} | awk -F "$tab" -v times="${CMML_TIMES:-}" '
    BEGIN { while (times != "" && (getline line < times) > 0) { split(line, t, " "); ms[t[1]] = t[2] } }
    { printf "%d\t%s\n", $1 in ms ? ms[$1] : 1e9, $0 }' | sort -s -t "$tab" -k1,1nr | cut -f 2- \
    >"$dir/jobs"

# Ctrl-C and what ends this script end the jobs, whose process groups are their own.
stop() {
    kill "$queue" 2>/dev/null
    for file in "$dir"/*.pid; do
        [ -e "$file" ] && kill "$(cat "$file")" 2>/dev/null
    done
    exit 1
}
count=$(wc -l <"$dir/jobs")
seq "$count" | xargs -n 1 -P "${JOBS:-$(nproc)}" sh "${0%/*}/run_job.sh" "$dir" "${LIMIT:-600}" &
queue=$!
trap stop INT TERM HUP
wait "$queue"

passed=0 failed=0 job=0
while [ "$job" -lt "$count" ]; do
    job=$((job + 1))
    name=$(sed -n "${job}p" "$dir/jobs" | cut -f 1)
    # A job that never ran has no result.
    read -r p f status 2>/dev/null <"$dir/$job.result" || { p=0 f=1 status='none: it was not run'; }
    passed=$((passed + p))
    failed=$((failed + f))
    if [ "$f" -gt 0 ]; then
        printf '\n=== failed: %s (status %s)\n' "$name" "$status"
        cat "$dir/$job.log" 2>/dev/null
    fi
done

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
