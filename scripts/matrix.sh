#!/bin/sh
# matrix.sh [NAME...]: the tests and the clauses beside several versions of libssl, and one table of how it went.
#
# A NAME is host, which is this machine's own libssl, or a Debian suite: bullseye (1.1.1), bookworm (3.0), trixie
# (3.5), sid, experimental. Without any, one of each version. A suite's root is built once, into
# ${LIBSSL_MATRIX_CACHE:-~/.cache/libssl-matrix}, from the mirror in this machine's apt sources; that takes
# root rights and debootstrap. Where it can't be had, that is said under the table, and the others are run.
#
# The exit status is 1 if something failed, or if a version that was asked for by NAME could not be run.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/local/go/bin"

asked=$*
if [ $# = 0 ]; then
    # In this order the two that share a foundation are not waiting for each other.
    set -- bullseye sid host trixie experimental
    case $(pkg-config --modversion libssl 2>/dev/null) in 3.0.*) ;; *) set -- "$@" bookworm ;; esac
fi
for name in "$@"; do
    case $name in
    host | bullseye | bookworm | trixie | sid | experimental) ;;
    *)
        echo "matrix: no version is called $name: host bullseye bookworm trixie sid experimental" >&2
        exit 2
        ;;
    esac
done

dir=$PWD/bin/matrix
mkdir -p "$dir"
rm -f "$dir"/*.row "$dir"/*.why "$dir"/*.json "$dir"/matrix.md
# The roots have no network for Go: what they need has to be here.
go list -deps -test work >/dev/null

start=$(date +%s)
# shellcheck disable=SC2016 # for the inner shell
printf '%s\n' "$@" | xargs -n 1 -P 2 sh -c 'exec scripts/matrix-one.sh "$2" "$1"' sh "$dir" || true

status=0
echo
for name in bullseye host bookworm trixie sid experimental; do
    case " $* " in *" $name "*) ;; *) continue ;; esac
    [ -e "$dir/$name.row" ] || echo "$name|-|FAILED: ended early|-" >"$dir/$name.row"
    case $(cat "$dir/$name.row") in
    *FAILED*) status=1 ;;
    *'not run'*) [ -z "$asked" ] || status=1 ;;
    esac
    cat "$dir/$name.row"
done >"$dir/rows"
awk -F '|' '
    { for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
    END {
        for (row = 1; row <= NR; row++) {
            line = ""
            for (i = 1; i <= 4; i++) line = line sprintf("%-" width[i] + 2 "s", cell[row, i])
            sub(/ +$/, "", line)
            print line
        }
    }' - "$dir/rows" <<'HEAD'
version|libssl as loaded|tests|clauses
HEAD
cat "$dir"/*.why 2>/dev/null || true

# Clause by clause: here what the versions show differently, in matrix.md all. Two of the same version, as may be
# host's and a root's, have only one column.
runs=
seen=
for name in bullseye bookworm trixie sid experimental host; do
    [ -e "$dir/$name.json" ] || continue
    about=$(grep -m 1 '^    "version":' "$dir/$name.json")
    case $seen in *"$about"*) continue ;; esac
    seen="$seen$about"
    runs="$runs $dir/$name.json"
done
if [ -n "$runs" ]; then
    echo
    # shellcheck disable=SC2086 # a list of files
    bin/sslconform matrix -changes $runs || status=1
    # shellcheck disable=SC2086
    bin/sslconform matrix -format md -o "$dir/matrix.md" $runs || status=1
fi
echo "matrix: $(($(date +%s) - start)) s; what was printed is in bin/matrix"
exit $status
