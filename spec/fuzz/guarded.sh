#!/bin/sh
# guarded.sh SCRIPT BUILD COUNT EACH [SEED]: runs SCRIPT SEED EACH in as many processes as COUNT takes,
# with the core of that build; as an ordinary user, in a folder of its own, each for 10 minutes at
# most. What it says goes to the errors; last-call.txt tells what ended a process. UNDER holds variables
# of the environment for it, such as those of a sanitizer.
set -u
UNDER=${UNDER-}
script=$1 build=$2 calls=$3 each=$4 seed=${5:-1}
root=$(pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
as=
if [ "$(id -u)" = 0 ]; then
    chown nobody "$dir" && as='setpriv --reuid=nobody --regid=nogroup --clear-groups' &&
        $as test -r "$root/lua/cmml/init.lua" ||
        { echo 'guarded.sh: not as root, and no ordinary user can read this folder' >&2; exit 1; }
fi
ln -s "$root/lua" "$dir/lua" && ln -s "$root/spec" "$dir/spec" || exit 1
status=0
while [ "$calls" -gt 0 ]; do
    n=$each
    [ "$calls" -lt "$n" ] && n=$calls
    work=$dir/$seed
    mkdir -p "$work/folder" && ln -s ../lua ../spec "$work" && chmod -R a+rwX "$work" || exit 1
    (
        cd "$work" || exit 1
        # shellcheck disable=SC2086
        $as env $UNDER LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua' LUA_CPATH="$root/$build/?.so" \
            timeout -s KILL 600 lua5.4 "$script" "$seed" "$n" >/dev/null
    )
    code=$?
    if [ "$code" -ne 0 ]; then
        status=1
        [ "$code" -gt 1 ] && echo "seed $seed ended with $code in the call:" >&2 &&
            head -n 1 "$work/last-call.txt" >&2
    fi
    rm -rf "$work"
    calls=$((calls - n)) seed=$((seed + 1))
done
exit $status
