#!/bin/sh
# run.sh fuzz SECONDS TARGET... | keep TARGET... | replay TARGET...: drives the fuzz targets that
# spec/fuzz/fuzz.mk built. Every target runs even if another failed; the status says if any did.
set -u
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
what=$1
shift
seconds=0
[ "$what" = fuzz ] && seconds=$1 && shift
status=0

for target in "$@"; do
    corpus=spec/fuzz/corpus/$target
    found=build/fuzz/found/$target
    log=build/fuzz/$target.log
    mkdir -p "$corpus" "$found"
    dictionary=spec/fuzz/$target.dict
    [ -e "$dictionary" ] && dictionary=-dict=$dictionary || dictionary=
    # Every byte of a zip is a step of Lua.
    [ "$target" = zip ] && longest=1000 || longest=20000
    common="-rss_limit_mb=1500 -malloc_limit_mb=200 -timeout=20 -max_len=$longest $dictionary"
    case $what in
    fuzz)
        # shellcheck disable=SC2086
        if build/fuzz/"$target" $common -artifact_prefix="build/fuzz/$target-" \
            -max_total_time="$seconds" -print_final_stats=1 "$found" "$corpus" >"$log" 2>&1; then
            echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs," \
                "$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1)," \
                "$(find "$corpus" "$found" -type f | wc -l) kept"
        else
            tail -n 60 "$log"
            echo "$target: FAILED; the whole log is $log" >&2
            status=1
        fi
        ;;
    keep)
        new=build/fuzz/new/$target
        rm -rf "$new"
        mkdir -p "$new"
        # By the code that is reached, not by how often: the corpus lies in the repository.
        # shellcheck disable=SC2086
        if build/fuzz/"$target" $common -use_counters=0 -merge=1 "$new" "$corpus" "$found" >"$log" 2>&1; then
            rm -rf "$corpus"
            mv "$new" "$corpus"
            echo "$target: $(find "$corpus" -type f | wc -l) inputs," \
                "$(du -bs "$corpus" | cut -f 1) bytes"
        else
            tail -n 20 "$log" >&2
            status=1
        fi
        ;;
    replay)
        echo "$target: $(find "$corpus" "$found" -type f -print0 |
            xargs -0 build/replay/"$target" | awk '{ n += $1 } END { print n + 0 }') inputs"
        ;;
    esac
done
exit $status
