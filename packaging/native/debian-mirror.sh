# Where this machine gets Debian's packages from, so that no address is written down here.
# shellcheck shell=bash

# apt_sources: the machine's apt sources, one "ADDRESS SUITE" a line, from both ways of writing them.
apt_sources() {
  local root=${GEMBA_APT_ETC:-/etc/apt}
  # deb822: stanzas of "Key: value", continued on lines that begin with a space.
  find "$root" -maxdepth 2 -name '*.sources' -exec cat {} + 2>/dev/null | awk '
    function emit(   i, j, n, m, u, s) {
      if (types ~ /(^| )deb( |$)/ && enabled != "no") {
        n = split(uris, u, " "); m = split(suites, s, " ")
        for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) print u[i], s[j]
      }
      types = uris = suites = enabled = key = ""
    }
    /^#/ { next }
    /^[[:space:]]*$/ { emit(); next }
    /^[^[:space:]]/ {
      key = tolower($0); sub(/:.*/, "", key)
      if (key == "types") emit_if_open()
      value = $0; sub(/^[^:]*:[[:space:]]*/, "", value)
    }
    /^[[:space:]]/ { value = $0 }
    {
      if (key == "types") types = types " " value
      if (key == "uris") uris = uris " " value
      if (key == "suites") suites = suites " " value
      if (key == "enabled") enabled = tolower(value)
    }
    # Two files joined without a blank line between them still begin a new stanza at "Types".
    function emit_if_open() { if (types != "" && uris != "") emit(); key = "types" }
    END { emit() }'
  # One line each: deb [options] ADDRESS SUITE COMPONENT...
  find "$root" -maxdepth 2 -name '*.list' -exec cat {} + 2>/dev/null |
    sed -nE 's/^[[:space:]]*deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]]+([^[:space:]]+).*/\2 \3/p'
}

# debian_mirrors CODENAME: prints the mirror, then the security mirror (either may be the same on one's own mirror).
debian_mirrors() {
  local codename=$1 main security
  if [ -n "${GEMBA_DEBIAN_MIRROR:-}" ]; then
    main=${GEMBA_DEBIAN_MIRROR%/}
  elif [ "$(os_release ID)" = debian ]; then
    main=$(apt_sources | awk -v suite="$codename" '$2 == suite { print $1 }' | first)
    security=$(apt_sources | awk -v suite="$codename-security" '$2 == suite { print $1 }' | first)
  else
    main=$(mirror_of_debootstrap)
  fi
  [ -n "$main" ] || die "no Debian mirror found in apt's sources; name one with GEMBA_DEBIAN_MIRROR=ADDRESS"
  main=${main%/}
  printf '%s\n%s\n' "$main" "${security:-${main%/*}/debian-security}"
}

# The mirror that debootstrap itself takes when nobody names one: read from its package, which is not installed.
mirror_of_debootstrap() {
  local folder
  folder=$(mktemp -d)
  (cd "$folder" && apt-get download -qq debootstrap >/dev/null 2>&1 && dpkg-deb -x debootstrap_*.deb .) || true
  grep -rhoE '(DEF_MIRROR="?|default_mirror )https?://[^" ]*/debian/?"?$' "$folder" 2>/dev/null |
    grep -v archive | grep -oE 'https?://[^" ]*' | first
  rm -rf "$folder"
}

# os_release KEY: one value of /etc/os-release.
os_release() { sed -nE "s/^$1=\"?([^\"]*)\"?$/\1/p" "${GEMBA_OS_RELEASE:-/etc/os-release}"; }
