#!/bin/sh
# run_shards.sh COMMAND...: runs the specs by COMMAND in as many processes as there are processors,
# each with its share of the files (SPECS, by default all), and shows what they print, one process after the other. Fails if
# one of them does. For runs whose time is long and whose count of specs nobody needs.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
shards=$(nproc)
status=0

shard=0
while [ "$shard" -lt "$shards" ]; do
    # shellcheck disable=SC2046
    { "$@" $(printf '%s\n' ${SPECS:-spec/*_spec.lua} | awk -v n="$shards" -v k="$shard" 'NR % n == k') \
        >"$dir/$shard.log" 2>&1; echo $? >"$dir/$shard.status"; } &
    shard=$((shard + 1))
done
wait

shard=0
while [ "$shard" -lt "$shards" ]; do
    cat "$dir/$shard.log"
    [ "$(cat "$dir/$shard.status")" = 0 ] || status=1
    shard=$((shard + 1))
done
exit "$status"
