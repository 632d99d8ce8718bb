#!/bin/sh
# env.sh COMMAND...: run a command, such as go, that rebuilds when libssl's headers change.
#
# Go's build cache hashes our own files but neither the system's headers nor
# pkg-config's answers: after an upgrade of libssl-dev, go build goes on using
# objects made for the old one. So a hash of what pkg-config and the compiler
# really see becomes a define, which nobody reads but the cache knows. It costs
# 40 ms, and a second of compiling when it changes.
set -eu
flags=$(pkg-config --cflags --libs libssl)
# shellcheck disable=SC2046,SC2086 # lists of words
hash=$({
    echo "$flags"
    echo '#include <openssl/ssl.h>' | ${CC:-gcc} ${CGO_CPPFLAGS-} $(pkg-config --cflags libssl) -E -dD -
} | cksum | cut -d ' ' -f 1)
export CGO_CPPFLAGS="${CGO_CPPFLAGS-} -DLIBSSL_HEADERS=$hash"
exec "$@"
