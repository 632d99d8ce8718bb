#!/bin/sh
# matrix-in.sh NAME COMMAND...: run a command on the checkout beside another libssl, as
#     scripts/matrix-in.sh trixie scripts/env.sh go test -run Resume ./tests
# NAME is host, for this machine itself, or a Debian root that scripts/matrix-root.sh builds. In a root, the
# checkout, Go and its modules are where they are outside, read-only; there is no network for Go.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/local/go/bin:/usr/sbin:/sbin"
name=${1:?usage: $0 NAME COMMAND...}
shift
[ "$name" != host ] || exec "$@"

root=$(scripts/matrix-root.sh "$name")
src=$(pwd -P)
goroot=$(go env GOROOT) # of the toolchain that go.mod asks for, which may be among the modules
modcache=$(go env GOMODCACHE)
# Distributions keep the sources elsewhere and link to them.
gosrc=$(readlink -f "$goroot/src")
gosrc=${gosrc%/src}

sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'

# Go's build cache does not see the system's headers: scripts/env.sh tells it about those it knows of, and a
# cache for each version of the package takes care of the rest.
# shellcheck disable=SC2016 # dpkg's own ${}
headers=$($sudo chroot "$root" dpkg-query -W -f '${Version}' libssl-dev)

# The mounts belong to this process and its children and vanish with them. Where mounting is not allowed, as in
# many containers, the same is copied in; that has neither /proc nor a guard against writing.
mounted=no
# shellcheck disable=SC2016 # $1 is the inner shell's
if [ "${LIBSSL_MATRIX_MOUNT-}" != no ] &&
    $sudo unshare --mount sh -c 'mount --bind "$1" "$1"' sh "$root/opt" 2>/dev/null; then
    mounted=yes
else
    # Of two releases of Go on top of each other, neither would build.
    cmp -s "$goroot/VERSION" "$root$goroot/VERSION" || $sudo rm -rf --one-file-system "$root$goroot" "$root$gosrc"
    $sudo rm -rf --one-file-system "$root$src"
    for dir in "$goroot" "$gosrc" "$modcache" "$src"; do
        $sudo mkdir -p "$root$dir"
        $sudo cp -a -u "$dir/." "$root$dir"
    done
fi

# shellcheck disable=SC2016 # for the inner shell
inner='
root=$1 mounted=$2 src=$3 goroot=$4 gosrc=$5 modcache=$6
shift 6
if [ "$mounted" = yes ]; then
    for dir in "$goroot" "$gosrc" "$modcache" "$src"; do
        mkdir -p "$root$dir"
        mount --bind "$dir" "$root$dir"
        mount -o remount,ro,bind "$root$dir"
    done
    mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
    mount --rbind /dev "$root/dev"
fi
cd /
exec chroot "$root" /usr/bin/env -i "$@"'
private=
[ $mounted = no ] || private='unshare --mount'
# shellcheck disable=SC2016,SC2086 # for the inner shell; words, or none
exec $sudo $private sh -euc "$inner" sh "$root" $mounted "$src" "$goroot" "$gosrc" "$modcache" \
    PATH="$goroot/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/tmp LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    "http_proxy=${http_proxy-}" "https_proxy=${https_proxy-}" \
    GOROOT="$goroot" GOMODCACHE="$modcache" GOCACHE="/var/cache/go-$headers" GOPROXY=off GOTOOLCHAIN=local \
    GOFLAGS="-mod=readonly -buildvcs=false ${GOFLAGS-}" CGO_ENABLED=1 \
    sh -c 'cd "$1" && shift && exec "$@"' sh "$src" "$@"
