#!/usr/bin/env bash
# Proves that a clean clone works on a fresh machine: makes a Debian root with make, git and CA certificates and nothing
# else, clones what is committed here into it and runs make there. Needs root, mmdebstrap and systemd-nspawn.
#
#   packaging/native/fresh.sh [bookworm|trixie] [--keep] COMMAND...     e.g. fresh.sh bookworm make test
#
# The root lies in build/fresh/<suite> and is made anew, or with --keep used again with the newest commit. What this machine needs to reach the
# package registries (name server, CA certificates, pip's settings, proxies) is lent to it.

# shellcheck source=packaging/native/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=packaging/native/debian-mirror.sh
. "$native_dir/debian-mirror.sh"

suite=${1:-bookworm}
shift || true
keep=
if [ "${1:-}" = --keep ]; then
  keep=yes
  shift
fi
[ $# -gt 0 ] || set -- make test
root=${GEMBA_FRESH:-$build_dir/fresh}/$suite

[ "$(id -u)" = 0 ] || die "fresh.sh makes a root file system and enters it: run it as root"
for tool in mmdebstrap systemd-nspawn; do
  have "$tool" || die "$tool is missing: apt-get install mmdebstrap systemd-container"
done

make_root() {
  local mirror security
  {
    read -r mirror
    read -r security
  } < <(debian_mirrors "$(os_release VERSION_CODENAME)")
  rm -rf "$root"
  mkdir -p "$(dirname "$root")"
  # mmdebstrap takes the sources on standard input; the security archive is part of what people have.
  printf 'deb %s %s main\n' "$mirror" "$suite" "$mirror" "$suite-updates" "$security" "$suite-security" |
    mmdebstrap --quiet --variant=minbase --include=make,git,ca-certificates "$suite" "$root" -
}

# Lends what reaching the registries takes here.
lend() {
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  local file
  for file in /etc/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.config/go/env"; do
    [ ! -f "$file" ] || install -D "$file" "$root/${file/#$HOME//root}"
  done
}

if [ -z "$keep" ] || [ ! -d "$root/etc" ]; then
  make_root
fi
lend
if [ -d "$root/root/gemba" ]; then
  git -C "$root/root/gemba" fetch --quiet "$repo_dir" HEAD
  git -C "$root/root/gemba" reset --quiet --hard FETCH_HEAD
else
  git clone --quiet --no-hardlinks "$repo_dir" "$root/root/gemba"
fi

settings=()
while IFS= read -r setting; do
  settings+=("--setenv=$setting")
done < <(env | grep -E '^(SSL_CERT_|CURL_CA_|REQUESTS_CA_|GIT_SSL_|PIP_(CERT|INDEX_URL|DEFAULT_TIMEOUT)|GOPROXY|GOSUMDB|GEMBA_|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY)[A-Z_a-z]*=')

say "in a fresh $suite: $*"
started=$SECONDS
status=0
systemd-nspawn --quiet --register=no --keep-unit --as-pid2 --resolv-conf=copy-host --pipe \
  --directory="$root" --chdir=/root/gemba --setenv=HOME=/root --setenv=CI=true "${settings[@]}" "$@" </dev/null || status=$?
say "$* in a fresh $suite: exit $status after $((SECONDS - started)) s; installed packages: $(chroot "$root" dpkg-query -W | wc -l)"
exit "$status"
