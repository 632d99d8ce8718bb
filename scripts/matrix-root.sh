#!/bin/sh
# matrix-root.sh NAME: print the directory of a Debian root with NAME's libssl, which is built first if need be.
#
# A root is built once and kept, outside the checkout. To have it built anew, remove the directory that is printed.
# On failure, the last line on standard error says why there is no root.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/sbin:/sbin" # debootstrap's and chroot's place, which only root looks into

cache=${LIBSSL_MATRIX_CACHE:-$HOME/.cache/libssl-matrix}
name=${1:?usage: $0 NAME}
root=$cache/roots/$name

give_up() { echo "$*" >&2; exit 1; }

# Only what a root must have to be one; scripts/setup.sh installs the rest from inside.
packages=gcc,libc6-dev,libssl-dev,openssl,pkg-config,make,ca-certificates,curl

# The archive that this machine's own packages come from: of all that apt's sources name, the one with this
# release and its -updates, which no one else's archive has; failing that, with this release or any Debian one.
mirror() {
    if [ -n "${LIBSSL_MATRIX_MIRROR-}" ]; then
        echo "$LIBSSL_MATRIX_MIRROR"
        return
    fi
    # shellcheck disable=SC1091 # not ours
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    {
        # One line for each source. Options in brackets may hold spaces.
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
            sed -n 's/^[[:space:]]*deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]#]\)/\2/p'
        # Stanzas of fields, which go on in lines that begin with a blank.
        for file in /etc/apt/sources.list.d/*.sources; do
            ! test -e "$file" || { cat "$file" && echo; }
        done | awk '
            function flush(   i, j, n, m, uri, suite) {
                n = split(field["uris"], uri); m = split(field["suites"], suite)
                if (" " field["types"] " " ~ / deb / && tolower(field["enabled"]) !~ /no|false/)
                    for (i = 1; i <= n; i++)
                        for (j = 1; j <= m; j++) print uri[i], suite[j], field["components"]
                split("", field)
            }
            /^#/ { next }
            /^[ \t]*$/ { flush(); next }
            /^[^ \t]/ { name = tolower($0); sub(/:.*/, "", name); sub(/^[^:]*:/, "") }
            { gsub(/[ \t]+/, " "); sub(/^ /, ""); sub(/ $/, ""); field[name] = field[name] " " $0; sub(/^ /, "", field[name]) }
            END { flush() }'
    } | awk -v codename="$codename" '
        BEGIN { split("sid unstable testing stable oldstable bullseye bookworm trixie forky", names)
                for (i in names) known[names[i]] }
        " " $0 " " !~ / main / { next }
        $2 == codename && !named { named = $1 }
        $2 == codename { has[$1] }
        $2 == codename "-updates" { updates[++n] = $1 }
        $2 in known && !other { other = $1 }
        END {
            for (i = 1; i <= n; i++) if (updates[i] in has) { print updates[i]; exit }
            if (named) print named; else if (other) print other
        }' |
        sed 's|/*$||'
}

# A list of mirrors in a file, as cloud images have it, is none that debootstrap could read.
resolve() {
    case $1 in
    mirror+file:*) sed -n 's/^\([a-z]*:[^[:space:]]*\).*/\1/p' "${1#mirror+file:}" | sed 's|/*$||;q' ;;
    *) echo "$1" ;;
    esac
}

# Two may come at once, and whoever builds may be killed: one lock for each root, which what was started keeps
# for as long as it runs, and a root has its name only when it is finished.
mkdir -p "$cache/roots"
exec 9>"$cache/$name.lock"
command -v flock >/dev/null || give_up "not Linux, or flock is not installed"
flock 9
if [ -d "$root" ]; then
    echo "$root"
    exit
fi

sudo=
if [ "$(id -u)" != 0 ]; then
    sudo='sudo -n'
    sudo -n true 2>/dev/null || give_up "no root rights to build a Debian root with"
fi
command -v debootstrap >/dev/null || scripts/setup.sh matrix >&2 || true
command -v debootstrap >/dev/null || give_up "debootstrap is not installed"
mirror=$(resolve "$(mirror)")
[ -n "$mirror" ] || give_up "no Debian mirror in this machine's apt sources"

# What is not to be had is said at once, and not when debootstrap is tired of trying. A suite may be gone from there.
! command -v curl >/dev/null ||
    reason=$(curl -sSfL --retry 2 --connect-timeout 10 --max-time 60 -o /dev/null "$mirror/dists/$name/Release" 2>&1) ||
    give_up "no $name at $mirror: $(echo "$reason" | tail -n 1)"

new=$root.new
log=$cache/$name.log
# What debootstrap mounts while it works goes with it, if it may have mounts of its own.
private=
if $sudo unshare --mount true 2>/dev/null; then private='unshare --mount'; fi
# A suite that is younger than the debootstrap is made like the newest one it knows.
script=
[ -e "/usr/share/debootstrap/scripts/$name" ] || script=/usr/share/debootstrap/scripts/sid

# Ten times what is usual: a mirror that has gone silent must not keep the others waiting.
limit='timeout 900'
# shellcheck disable=SC2086 # words
in_root() { $sudo $limit chroot "$new" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "http_proxy=${http_proxy-}" "https_proxy=${https_proxy-}" "$@"; }

build() {
    # --one-file-system: should something be mounted in a left-over, it stays as it is.
    $sudo rm -rf --one-file-system "$new"
    if [ "$name" = experimental ]; then
        # A layer over sid: only what is newer there.
        sid=$(scripts/matrix-root.sh sid)
        $sudo cp -a --reflink=auto "$sid" "$new"
        echo "deb $mirror experimental main" | $sudo tee "$new/etc/apt/sources.list.d/experimental.list"
        in_root apt-get -q update
        in_root apt-get -q install -y --no-install-recommends -t experimental libssl-dev openssl
    else
        # shellcheck disable=SC2086 # words, or none
        $sudo $private $limit debootstrap --variant=minbase --include=$packages "$name" "$new" "$mirror" $script
        # An archive that is no longer kept up says so by a date gone by. Its signatures are checked all the same.
        echo 'Acquire::Check-Valid-Until "false";' | $sudo tee "$new/etc/apt/apt.conf.d/99valid-until"
        in_root apt-get -q update # for what scripts/setup.sh may want later
    fi
    in_root apt-get -q clean
    in_root pkg-config --modversion libssl
}

echo "matrix: building the root of $name: a minute or two, once" >&2
start=$(date +%s)
# Not as a condition: there, set -e would not end it at the first failure.
set +e
(set -e; build) >"$log" 2>&1
status=$?
set -e
if [ $status != 0 ]; then
    # debootstrap keeps what its children said in a log inside the root.
    $sudo tail -n 3 "$new/debootstrap/debootstrap.log" >&2 2>/dev/null || true
    reason=$(grep -E '^(E|W): ' "$log" | tail -n 1)
    give_up "no root built, see $log: ${reason:-$(tail -n 1 "$log")}"
fi
$sudo mv "$new" "$root"
echo "matrix: built the root of $name in $(($(date +%s) - start)) s" >&2
echo "$root"
