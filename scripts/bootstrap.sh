#!/bin/sh
# bootstrap.sh NAME [ARGUMENT...]: runs scripts/NAME.ts, after making sure that this computer and node_modules have
# what it needs. Plain sh, because it comes before everything else: on a fresh computer the project's own Node.js is
# not there yet, and when it is, it may lack a library.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
name=${1:?usage: bootstrap.sh NAME [ARGUMENT...]}
shift
stamp=$root/node_modules/.ballast-stamp

say() { printf '%s\n' "$*" >&2; }

running= # the step that runs, in the background, since a shell hears of signals only while it waits
finish=  # set while that step must not be cut short

# Ctrl-C and kill end what runs, and then this, with a word.
interrupted() {
  trap '' INT TERM HUP
  say ''
  if [ -n "$running" ] && [ -n "$finish" ]; then
    say 'interrupted: ends when apt-get is done, so that no package is left half installed'
    wait "$running" || true
  elif [ -n "$running" ]; then
    kill -KILL "$running" 2>/dev/null || true
  fi
  rm -f "${log:-}"
  say 'interrupted: nothing of it runs any more; the same command goes on where this one was'
  exit "$1"
}
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
trap 'interrupted 129' HUP

# step TEXT COMMAND...: one line with what is done and how long it took; what was printed, only after a failure.
step() {
  printf '%s … ' "$1" >&2
  shift
  began=$(date +%s)
  log=$(mktemp)
  "$@" </dev/null >"$log" 2>&1 &
  running=$!
  if wait "$running"; then
    running=
    say "$(($(date +%s) - began)) s"
    rm -f "$log"
  else
    running=
    say 'failed'
    { head -n 12 "$log"; tail -n +13 "$log" | tail -n 12; } >&2
    rm -f "$log"
    exit 1
  fi
}

# Names of the Debian packages of which something is missing, on one line.
missing_packages() {
  found=
  while read -r path package; do
    case $path in '' | '#'*) continue ;; esac
    set -- $path # a pattern becomes what it matches
    [ -e "$1" ] && continue
    case " $found " in *" $package "*) ;; *) found="$found $package" ;; esac
  done <"$root/scripts/host-packages.txt"
  echo "$found"
}

install_packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say "error: missing on this computer:$1"
    say "  fix: install them as root: apt-get install$1"
    exit 1
  fi
  finish=yes
  step "installing$1" apt_install "$1"
  finish=
}

# The lists of packages may be absent or too old; they are fetched only then.
apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  options='-q -o DPkg::Lock::Timeout=300'
  apt-get install -y --no-install-recommends $options $1 ||
    { apt-get update $options && apt-get install -y --no-install-recommends $options $1; }
}

wanted_stamp() { echo "$(uname -m) $(sha256sum <"$root/package-lock.json")"; }

modules_are_current() { [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted_stamp)" ]; }

install_modules() {
  step 'installing node_modules' npm_ci
  wanted_stamp >"$stamp"
}

# npm itself must not run on the Node.js that it is about to replace.
npm_ci() {
  outer=$(printf %s "$PATH" | tr : '\n' | grep -v 'node_modules/\.bin$' | paste -sd : -)
  cd "$root"
  export PATH="$outer"
  exec npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
}

packages=$(missing_packages)
if [ -n "$packages" ] || ! modules_are_current; then
  mkdir -p "$root/.cache"
  exec 9>"$root/.cache/bootstrap.lock"
  # Of two that start at once, one installs and the other finds it done.
  flock --nonblock 9 || step 'waiting for another command that installs' flock 9
  packages=$(missing_packages)
  [ -z "$packages" ] || install_packages "$packages"
  modules_are_current || install_modules
  exec 9>&-
fi
export PATH="$root/node_modules/.bin:$PATH"
cd "$root"
exec "$root/node_modules/.bin/node" "scripts/$name.ts" "$@"
