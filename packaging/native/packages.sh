# What the distribution has to give: installed with apt, only what is missing, said before it is done.
# shellcheck shell=bash

# What compiling needs, whatever is cached already.
toolchain_packages() {
  have gcc || echo gcc
  [ -e /usr/include/stdio.h ] || echo libc6-dev
  have pkg-config || echo pkg-config
  have git || echo git
  [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
}

# What only the tests use: a maker of odd footage, a browser with letters to draw, the linter of these scripts. A
# distribution that has one of them not (Ubuntu has no Chromium package) is asked once, and the tests that need it are
# skipped by name.
test_packages() {
  {
    have ffmpeg || echo ffmpeg
    have shellcheck || echo shellcheck
    have chromium || have chromium-browser || have google-chrome || echo chromium
    [ -d /usr/share/fonts/truetype ] || echo fonts-dejavu-core
  } | grep -vxF -f <(cat "$not_offered" 2>/dev/null) || true
}

not_offered=$build_dir/native/not-offered

# installable PACKAGE...: those that this distribution has; the others are named, remembered and left out.
installable() {
  local package
  mkdir -p "$(dirname "$not_offered")"
  for package in "$@"; do
    if offered "$package"; then
      echo "$package"
    else
      say "this distribution has no package $package; what needs it is skipped by name"
      echo "$package" >>"$not_offered"
    fi
  done
}

# as_root COMMAND...: runs it as root, asking for a password only where somebody is there to give it.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif [ -t 0 ] && [ -z "${CI:-}" ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# What apt says goes to a file; a failure shows the end of it.
apt_log=$build_dir/apt.log

apt_as_root() {
  mkdir -p "$build_dir"
  printf '\n$ apt-get %s\n' "$*" >>"$apt_log"
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
    apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" </dev/null >>"$apt_log" 2>&1 || {
    tail -n 20 "$apt_log" >&2
    return 1
  }
}

# refresh_apt: reads the distribution's package lists, once per run.
refresh_apt() {
  [ -z "${apt_refreshed:-}" ] || return 0
  have apt-get || die "apt-get is missing: gemba builds on Debian 12 and 13 and on Ubuntu 22.04 and 24.04"
  [ "$(id -u)" = 0 ] || have sudo || die "installing packages needs root or sudo; as root run: apt-get install $*"
  say "reading the distribution's package lists"
  apt_as_root update || say "apt-get update failed; going on with the lists that are there"
  apt_refreshed=yes
}

install_packages() {
  [ $# -gt 0 ] || return 0
  say "installing with apt-get (log: build/apt.log): $*"
  apt_as_root install --no-install-recommends "$@" || die "apt-get could not install: $*"
}
