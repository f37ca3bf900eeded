# Where this machine gets Debian's packages from, so that no address is written down here.
# shellcheck shell=bash

# apt_sources: the machine's apt sources of main components, one "ADDRESS SUITE" a line, from both ways of writing them.
apt_sources() {
  local etc=${GEMBA_APT_ETC:-/etc/apt}
  # deb822: stanzas of "Key: value", continued on lines that begin with a space.
  joined "$etc" '*.sources' | awk '
    function emit(   i, j, n, m, u, s) {
      if (types ~ /(^| )deb( |$)/ && components ~ /(^| )main( |$)/ && enabled != "no") {
        n = split(uris, u, " "); m = split(suites, s, " ")
        for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) print u[i], s[j]
      }
      types = uris = suites = components = enabled = key = ""
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
      if (key == "components") components = components " " value
      if (key == "enabled") enabled = tolower(value)
    }
    # Two files joined without a blank line between them still begin a new stanza at "Types".
    function emit_if_open() { if (types != "" && uris != "") emit(); key = "types" }
    END { emit() }'
  # One line each: deb [options] ADDRESS SUITE COMPONENT...
  joined "$etc" '*.list' |
    sed -nE 's/^[[:space:]]*deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]]+([^[:space:]]+)[[:space:]](.*[[:space:]])?main([[:space:]].*)?$/\2 \3/p'
}

# joined FOLDER PATTERN: the text of all files of that name that may be read, each ended by a new line.
joined() {
  local file
  while read -r file; do
    sed -e '$a\' "$file" 2>/dev/null || true
  done < <(find "$1" -maxdepth 2 -name "$2" 2>/dev/null | sort)
}

# source_of SUITE: the address that this machine gets it from. Others publish for Debian's suites too, so an address
# that ends in Debian's own name for the archive goes first; what comes from there is checked against Debian's keys.
source_of() {
  apt_sources | awk -v suite="$1" '$2 == suite { print ($1 ~ /\/debian(-security)?\/?$/ ? 0 : 1), NR, $1 }' | sort -n | cut -d' ' -f3 | first
}

# debian_mirrors CODENAME: prints the mirror, then the security mirror or an empty line where none is known.
debian_mirrors() {
  local codename=$1 main= security=
  if [ -n "${GEMBA_DEBIAN_MIRROR:-}" ]; then
    main=${GEMBA_DEBIAN_MIRROR%/}
  elif [ "$(os_release ID)" = debian ]; then
    local suite
    for suite in "$codename" stable oldstable testing; do
      [ -n "${main:=$(source_of "$suite")}" ] && break
    done
    for suite in "$codename" stable oldstable; do
      [ -n "${security:=$(source_of "$suite-security")}" ] && break
    done
  else
    main=$(mirror_of_debootstrap)
  fi
  [ -n "$main" ] || die "no Debian mirror found in apt's sources; name one with GEMBA_DEBIAN_MIRROR=ADDRESS"
  main=${main%/}
  # A mirror of the archive usually has the security archive beside it.
  [ -n "$security" ] || [[ $main != */debian ]] || security=${main%/*}/debian-security
  printf '%s\n%s\n' "$main" "${security%/}"
}

# The mirror that debootstrap itself takes when nobody names one: read from its package, which is not installed. Where
# that says none, the one that Ubuntu's own source editor knows.
mirror_of_debootstrap() {
  local folder
  folder=$(mktemp -d)
  (cd "$folder" && apt-get download -qq debootstrap >/dev/null 2>&1 && dpkg-deb -x debootstrap_*.deb .) || true
  {
    grep -rhoE '(DEF_MIRROR="?|default_mirror )https?://[^" ]*/debian/?"?$' "$folder" || true
    grep -hoE '^BaseURI: https?://[^ ]*/debian/?$' /usr/share/python-apt/templates/Debian.info || true
  } 2>/dev/null | grep -oE 'https?://[^" ]*' | awk '!/archive/' | first
  rm -rf "$folder"
}

# os_release KEY: one value of /etc/os-release.
os_release() { sed -nE "s/^$1=\"?([^\"]*)\"?$/\1/p" "${GEMBA_OS_RELEASE:-/etc/os-release}"; }
