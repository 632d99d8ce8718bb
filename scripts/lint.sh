#!/bin/sh
# lint.sh: everything that can be said about the code without running it.
set -eu
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0
fail() { echo "lint: $1" >&2; status=1; }

echo 'lint: gofmt'
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || fail "gofmt -w wanted for:
$unformatted"

echo 'lint: go vet'
scripts/env.sh go vet work || fail 'go vet'

echo 'lint: staticcheck'
GOWORK=off CGO_ENABLED=0 go -C tools build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck
scripts/env.sh bin/staticcheck work || fail 'staticcheck'

# The flags can't stand in #cgo lines: cgo's own prolog has unused parameters.
echo 'lint: C warnings'
cflags="-std=gnu11 -Wall -Wextra -Werror -fsyntax-only $(pkg-config --cflags libssl)"
find . -name '*.c' ! -path '*/.*' | sort >"$tmp/files"
if ! pkg-config --exists libtls; then
    echo 'lint: libtls-dev is not installed: its programs are left out'
    sed -i '/testdata\/libretls/d' "$tmp/files"
fi
while read -r file; do
    dir=$(dirname "$file")
    include=
    if grep -q '"_cgo_export.h"' "$file"; then
        include=-I$tmp/${dir#.}
        # shellcheck disable=SC2046 # a list of files
        (cd "$dir" && CGO_CFLAGS=$(pkg-config --cflags libssl) go tool cgo -objdir "$tmp/${dir#.}" \
            $(go list -f '{{join .CgoFiles " "}}' .))
    fi
    # shellcheck disable=SC2086 # lists of flags
    ${CC:-gcc} $cflags $include "$file" || fail "$file"
    # Also as if 3.0's deprecated functions were gone.
    # shellcheck disable=SC2086
    ! pkg-config --atleast-version=3 libssl ||
        ${CC:-gcc} $cflags -DOPENSSL_NO_DEPRECATED $include "$file" || fail "$file with -DOPENSSL_NO_DEPRECATED"
done <"$tmp/files"

echo 'lint: the program in README.md'
sed -n '/^```go$/,/^```$/{/^```/!p}' README.md >"$tmp/readme.go"
scripts/env.sh go vet "$tmp/readme.go" || fail 'the program in README.md does not compile'

exit $status
