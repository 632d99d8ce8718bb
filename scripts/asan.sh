#!/bin/sh
# asan.sh [go test flags]: the tests of the root package, of the drop-in and of ./tests under the address sanitizer.
# A leak of C memory fails the run although the tests themselves say PASS.
set -eu
cd "$(dirname "$0")/.."

probe=$(mktemp)
trap 'rm -f "$probe"' EXIT
if ! echo 'int main(void) { return 0; }' | ${CC:-gcc} -fsanitize=address -x c -o "$probe" - || ! "$probe"; then
    echo "asan: not run: ${CC:-gcc} has no working address sanitizer on this machine" >&2
    exit 1
fi
# The slow unwinder, because libcrypto keeps no frame pointers: without it a leak's stack ends there. It more than doubles
# the time that ./tests take, and ./openssl takes ten times as long: set ASAN_OPTIONS to whole, and -run, to see where one
# of theirs comes from.
whole=fast_unwind_on_malloc=0:malloc_context_size=20
echo "go test -asan $* . ./internal/libcrypto ./openssl/... ./tests"
ASAN_OPTIONS="${ASAN_OPTIONS-$whole}" scripts/env.sh go test -asan "$@" . ./internal/libcrypto
scripts/env.sh go test -asan -timeout 30m "$@" ./openssl/... ./tests
