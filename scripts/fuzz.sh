#!/bin/sh
# fuzz.sh TIME: run each Fuzz function of every module, one after the other, for so long (30s). What makes one fail is
# kept in its package's testdata/fuzz, and `make test` runs it from then on.
set -eu
cd "$(dirname "$0")/.."
time=${1:?usage: $0 TIME}

# go test lists a package's functions and then the package.
list=$(go test -list '^Fuzz' work)
echo "$list" | awk '/^Fuzz/ { f[n++] = $1 } /^ok/ { for (i = 0; i < n; i++) print $2, f[i]; n = 0 }' |
    while read -r package function; do
        echo "== $function of $package"
        go test -run '^$' -fuzz "^$function\$" -fuzztime "$time" "$package" </dev/null
    done
