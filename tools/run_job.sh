#!/bin/sh
# run_job.sh FOLDER LIMIT NUMBER: runs a job of run_tests.sh: a line of FOLDER/jobs. Leaves its output in
# FOLDER/NUMBER.log and `passed failed status` in FOLDER/NUMBER.result; shows the output if all went
# well, else one line.
set -u
dir=$1 limit=$2 number=$3
log=$dir/$number.log now=$dir/$number.now
line=$(sed -n "${number}p" "$dir/jobs")
name=${line%%	*} command=${line#*	}

# `timeout` makes a process group of its own, and ends that.
CMML_SPEC_NOW=$now timeout -k 10 "$limit" sh -c "$command" >"$log" 2>&1 </dev/null &
job=$!
echo "$job" >"$dir/$number.pid"
trap 'kill "$job" 2>/dev/null' INT TERM HUP
wait "$job"
status=$?
rm -f "$dir/$number.pid"
if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
    kill -KILL "-$job" 2>/dev/null
    status="$status, after the $limit seconds of LIMIT"
    [ -s "$now" ] && status="$status, in the test: $(cat "$now")"
fi

counts=$(sed -n 's/^\([0-9]\{1,\}\) passed, \([0-9]\{1,\}\) failed$/\1 \2/p' "$log" | tail -n 1)
if [ -z "$counts" ]; then
    counts='0 1'
elif [ "$status" != 0 ] && [ "${counts#* }" -eq 0 ]; then
    counts="${counts% *} 1"
fi
echo "$counts $status" >"$dir/$number.result"

# In one piece, so that jobs which end together do not mix their lines.
if [ "${counts#* }" -eq 0 ]; then
    printf '%s\n' "$(sed '$d' "$log")"
else
    printf '%s FAILED\n' "$name"
fi
