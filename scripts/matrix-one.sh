#!/bin/sh
# matrix-one.sh NAME DIR: run the tests and sslconform beside one libssl; scripts/matrix.sh does it for each.
#
# DIR/NAME.row gets one line, NAME|libssl as loaded|tests|clauses, with FAILED or "not run" in it where that is so;
# DIR/NAME.why says why not; what was printed is in other files there. What failed is shown at the end and in one
# piece, since another version may be run at the same time.
set -eu
cd "$(dirname "$0")/.."
name=${1:?usage: $0 NAME DIR}
dir=${2:?usage: $0 NAME DIR}
out=$dir/$name
rm -f "$out".*
start=$(date +%s)

if ! scripts/matrix-in.sh "$name" scripts/setup.sh test 2>"$out.setup"; then
    echo "$name|-|not run|not run" >"$out.row"
    echo "could not run $name: $(tail -n 1 "$out.setup")" >"$out.why"
    exit
fi
cat "$out.setup" >&2
# One test has a PKCS#11 token, where Debian has what it takes.
scripts/matrix-in.sh "$name" scripts/setup.sh token >"$out.token" 2>&1 || true

# By a program that has nothing of ours in it. OPENSSL_init_ssl is there to have libssl linked.
# shellcheck disable=SC2016 # for the inner shell
version=$(scripts/matrix-in.sh "$name" sh -ec '
    probe=$(mktemp)
    trap "rm -f $probe" EXIT
    echo "#include <stdio.h>
        #include <openssl/ssl.h>
        int main(void) { return !OPENSSL_init_ssl(0, NULL) || puts(OpenSSL_version(0)) < 0; }" |
        ${CC:-gcc} $(pkg-config --cflags libssl) -x c - -o "$probe" $(pkg-config --libs libssl libcrypto)
    "$probe"' 2>"$out.version") || version="FAILED: $(tail -n 1 "$out.version")"

# The same as `make test`, but for the benchmarks and libssl-migrate, which prove nothing about a libssl. Two versions
# are run at a time, so each takes one package after the other.
packages=$(go list work | grep -v -e '/libssl/bench' -e '/libssl/cmd/libssl-migrate')
# shellcheck disable=SC2086 # lists
GOFLAGS="${GOFLAGS-} -p=1" scripts/matrix-in.sh "$name" scripts/env.sh go test ${TESTFLAGS:--count=1} -json $packages \
    >"$out.tests" 2>"$out.tests.stderr" || touch "$out.failed"
tests=$(awk '
    /^{/ && /"Test":/ && /"Action":"pass"/ { ok++ }
    /^{/ && /"Test":/ && /"Action":"skip"/ { skipped++ }
    /^{/ && /"Test":/ && /"Action":"fail"/ { failed++ }
    /^{/ && !/"Test":/ && /"Action":"fail"/ { packages++ }
    END {
        text = ok + 0 " ok"
        if (skipped) text = text ", " skipped " skipped"
        if (failed || packages)
            text = "FAILED: " failed + 0 (packages == 1 ? " in a package, " : " in " packages + 0 " packages, ") text
        print text
    }' "$out.tests")
if [ -e "$out.failed" ]; then
    case $tests in FAILED*) ;; *) tests="FAILED: $tests" ;; esac
fi

# The JSON comes out on standard output, since nothing can be written inside; the text on standard error.
# shellcheck disable=SC2016 # for the inner shell
if scripts/matrix-in.sh "$name" sh -c '
    dir=$(mktemp -d) && trap "rm -rf $dir" EXIT
    scripts/env.sh go build -buildvcs=false -o "$dir/sslconform" ./cmd/sslconform || exit 2
    status=0
    "$dir/sslconform" run -suite all -format json -o "$dir/json" >&2 || status=$?
    cat "$dir/json" && exit $status' \
    >"$out.json" 2>"$out.clauses"; then conform=0; else conform=$?; fi
[ -s "$out.json" ] || rm "$out.json" # there was no run
clauses=$(awk -F '[:,]' '
    /^  "summary": \{/ { in_summary = 1 }
    in_summary && /"clauses":/ { all = $2 + 0 }
    in_summary && /"differ":/ { print all " clauses, " $2 + 0 " differ"; exit }' "$out.json" 2>/dev/null || true)
[ $conform = 0 ] && [ -n "$clauses" ] || clauses="FAILED: ${clauses:-no report}"

echo "$name|$version|$tests|$clauses" >"$out.row"

# All that the packages said that failed, but for what belongs to tests that did not: so a crash shows too,
# which go test pins on no test.
{
    echo "== $name: $version: tests $tests; clauses $clauses; $(($(date +%s) - start)) s"
    if [ -e "$out.failed" ]; then
        cat "$out.tests.stderr"
        awk '
            function field(key) {
                if (!match($0, "\"" key "\":\"([^\"\\\\]|\\\\.)*\"")) return ""
                return substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 5)
            }
            !/^{/ { next }
            { package = field("Package"); test = field("Test"); action = field("Action") }
            FNR == NR {
                if (test == "" && action == "fail") failed[package]
                else if (action == "pass" || action == "skip") fine[package, test]
                next
            }
            action == "build-output" || (action == "output" && package in failed && !((package, test) in fine)) {
                text = field("Output")
                gsub(/\\\\/, "\001", text)
                sub(/\\n$/, "", text); gsub(/\\t/, "\t", text); gsub(/\\"/, "\"", text)
                gsub(/\\u003c/, "<", text); gsub(/\\u003e/, ">", text); gsub(/\\u0026/, "\\&", text)
                gsub("\001", "\\", text)
                if (text !~ /^=== /) print text
            }' "$out.tests" "$out.tests" | head -n "${LIBSSL_MATRIX_LINES:-300}"
    fi
    if [ $conform != 0 ]; then grep -v -E '^[A-Z]+-?[0-9]+[a-z]? +(holds|manual|better|not observed)' "$out.clauses" || true; fi
} >"$out.shown"
cat "$out.shown"
