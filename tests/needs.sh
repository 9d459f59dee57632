# needs.sh - what tests may need beyond the build, and how it comes; sourced
# by scripts/test, with $build. What was installed stays for the next run.
# shellcheck shell=bash disable=SC2154,SC2034

core_version=2.62.0
# The last that is content with the Node.js of Debian 12.
playwright_version=1.61.1
axe_version=4.14.1

# In the order in which they are met: the bed is this machine and more.
all_needs=(root tools relay core clang promtool mtail coturn restic knot dkimpy gnupg
  shells hosts browser bed)

tell() {
  printf '     %s\n' "$*"
}

# What a program says is shown when it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [ "$status" = 0 ] || tail -n 25 "$log" >&2
  rm -f "$log"
  return "$status"
}

is_installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
    grep -Eq '^(installed|triggers-)'
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install --yes \
    --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
}

# packages NAME...: those that are missing. A service that comes along is not
# started: tests have their own.
packages() {
  local package policy=/usr/sbin/policy-rc.d status=0 missing=()
  for package; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  need_root || return
  tell "installing ${missing[*]} (Debian packages)"
  apt_install --simulate "${missing[@]}" >/dev/null 2>&1 ||
    quietly apt-get update -o DPkg::Lock::Timeout=120 || return
  if [ -e "$policy" ]; then
    policy=
  else
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  quietly apt_install "${missing[@]}" || status=$?
  [ -z "$policy" ] || rm -f "$policy"
  return "$status"
}

# npm_packages FOLDER NAME...: into a folder of their own.
npm_packages() {
  command -v npm >/dev/null || packages npm || return
  tell "installing ${*:2} (npm)"
  mkdir -p "$1" && quietly npm install --prefix "$1" --no-save \
    --no-package-lock --no-audit --no-fund --ignore-scripts \
    --loglevel=warn "${@:2}"
}

need_root() {
  [ "$(id -u)" = 0 ] || {
    tell 'not root: run it with sudo'
    return 1
  }
}

# Where tests run side by side, only one may install packages: a relay that
# is started and ended here first brings in all that the others need.
need_relay() {
  local dir=$build/first-relay run=${CMDEPLOY:-$build/cmdeploy/cmdeploy}
  local address=127.$((64 + ($$ >> 16 & 63))).$(($$ >> 8 & 255)).$(($$ & 255))
  [ ! -e "$build/relay-packages" ] || return 0
  tell 'installing what a relay needs (Debian packages)'
  quietly "$run" up "$address" --dir "$dir" --detach &&
    quietly "$run" down --dir "$dir" &&
    rm -rf "$dir" &&
    : >"$build/relay-packages"
}

# The Delta Chat core.
need_core() {
  local package=@deltachat/stdio-rpc-server-linux-x64
  [ "$(uname -m)" != aarch64 ] ||
    package=@deltachat/stdio-rpc-server-linux-arm64
  local core=$build/rpc-server/node_modules/$package/deltachat-rpc-server
  [ -x "$core" ] ||
    npm_packages "$build/rpc-server" "$package@$core_version" || return
  [ -x "$core" ]
}

# A browser, what drives it, what judges pages, and what reads QR codes.
need_browser() {
  packages chromium fonts-dejavu-core zbar-tools || return
  [ -e "$build/browser/node_modules/axe-core/axe.min.js" ] ||
    npm_packages "$build/browser" "playwright-core@$playwright_version" \
      "axe-core@$axe_version"
}

# A host for ssh: this machine, and packages that it does not get.
need_bed() {
  [ -e "$build/ssh-bed/state" ] || tell 'making a host for ssh'
  quietly tests/t/bed/bed.sh make "$build/ssh-bed"
}

# meet NEED: whether it is there now.
meet() {
  case $1 in
  root | relay | core | browser | bed) "need_$1" ;;
  tools) packages curl iproute2 openssh-client openssl procps ;;
  clang) # with the sanitizers of the version that it stands for
    packages clang &&
      packages "libclang-rt-$(clang -dumpversion | cut -d . -f 1)-dev"
    ;;
  promtool) packages prometheus ;; # of which only that is used
  mtail | knot | coturn | restic) packages "$1" ;;
  shells) packages zsh fish ;; # whose completion is tried
  dkimpy) packages python3-dkim python3-nacl ;;
  gnupg) packages gnupg ;;
  hosts) packages debootstrap systemd-container ;;
  esac
}
