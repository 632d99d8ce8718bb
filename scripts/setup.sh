#!/bin/sh
# setup.sh run|test|all|peers|token|matrix: see to it that what a step needs is installed.
set -eu
cd "$(dirname "$0")/.."

# The step that needs it; the package, by Debian's name; how to see that it is there.
needs='
run   gcc              command -v ${CC:-gcc}
run   libc6-dev        echo "#include <stdlib.h>" | ${CC:-gcc} -E -
run   pkg-config       command -v pkg-config
run   libssl-dev       pkg-config --atleast-version=1.1.1 libssl
run   ca-certificates  test -e /etc/ssl/certs/ca-certificates.crt -o -e /etc/ssl/cert.pem -o -e /etc/pki/tls
test  openssl          command -v openssl
test  curl             command -v curl
extra libtls-dev       pkg-config --exists libtls
all   make             command -v make
peers nginx            test -x /usr/sbin/nginx
peers haproxy          test -x /usr/sbin/haproxy
peers gnutls-bin       command -v gnutls-cli && command -v gnutls-serv
peers python3          python3 -c "import ssl"
token softhsm2         command -v softhsm2-util
token pkcs11-provider  ls /usr/lib/*/ossl-modules/pkcs11.so
matrix debootstrap     test -x /usr/sbin/debootstrap
'
extras= # what is done without where there is no such package
case ${1-} in
run) steps=' run ' ;;
test) steps=' run test ' extras=' extra ' ;;
all) steps=' run test all ' extras=' extra ' ;;
peers) steps=' peers ' ;; # programs that some tests talk to if they are there
token) steps=' token ' ;; # a PKCS#11 token, for one test: from Debian trixie on
matrix) steps=' matrix ' ;;
*)
    echo "usage: $0 run|test|all|peers|token|matrix" >&2
    exit 2
    ;;
esac

say() { echo "setup: $*" >&2; }

# The packages that are missing for some steps, each with a space before it.
missing() {
    echo "$needs" | while read -r step package check; do
        case $1 in *" $step "*) ;; *) continue ;; esac
        eval "$check" >/dev/null 2>&1 || printf ' %s' "$package"
    done
}

check_go() {
    if ! command -v go >/dev/null; then
        say "Go 1.25 or newer is needed and there is no go in PATH: see https://go.dev/doc/install"
        exit 1
    fi
    # Here, go may fetch the toolchain that go.mod asks for. If it can't, it fails.
    version=$(go env GOVERSION 2>/dev/null) || version=$(cd / && go env GOVERSION)
    minor=${version#go1.}
    minor=${minor%%[!0-9]*}
    if [ "${minor:-99}" -lt 25 ]; then
        say "Go 1.25 or newer is needed; $(command -v go) is $version: see https://go.dev/doc/install"
        exit 1
    fi
}

apt_get() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >/dev/null; }
# shellcheck disable=SC2086 # a list of words
apt_install() { apt_get install -y --no-install-recommends $packages; }

packages=$(missing "$steps")
if [ -n "$packages" ]; then
    if ! command -v apt-get >/dev/null; then
        say "not installed (Debian's names):$packages"
        exit 1
    fi
    sudo=
    if [ "$(id -u)" != 0 ]; then
        sudo='sudo -n'
        if ! sudo -n true 2>/dev/null; then
            say "not installed:$packages"
            say "install with: sudo apt-get install -y --no-install-recommends$packages"
            exit 1
        fi
    fi
    say "installing$packages"
    # The package lists may be missing or old.
    apt_install 2>/dev/null || { apt_get update || true; apt_install; }
    packages=$(missing "$steps")
    if [ -n "$packages" ]; then
        say "installed, and still not usable:$packages"
        exit 1
    fi
fi
packages=$(missing "$extras")
if [ -n "$packages" ]; then
    sudo=
    [ "$(id -u)" = 0 ] || sudo='sudo -n'
    # Where Debian is known not to have it, nobody is asked again. What it has may be newer than the package lists.
    ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 || apt_get update 2>/dev/null || true
    # shellcheck disable=SC2086 # a list of words
    apt_install 2>/dev/null ||
        { apt-cache show $packages >/dev/null 2>&1 && apt_get update 2>/dev/null && apt_install 2>/dev/null; } ||
        say "not to be had here, and some tests are skipped:$packages"
fi
check_go

# The source that the parity tests read. Nothing is built from it, so go test would not fetch it.
original=github.com/spacemonkeygo/openssl
case $steps in
*' test '*) [ -n "$(go list -m -f '{{.Dir}}' $original)" ] || go mod download $original ;;
esac
