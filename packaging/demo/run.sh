#!/usr/bin/env bash
# The main job in one step: the daemon with the sample footage as its cameras, in the foreground, its data in
# build/demo. What was indexed by an earlier start is not indexed again.
set -euo pipefail
cd "$(dirname "$0")/../.."

config=packaging/demo/gemba.yaml
address=$(sed -nE '/listen:[[:space:]]*"?[0-9.]+:[0-9]+/ { s/^.*listen:[[:space:]]*"?([0-9.]+:[0-9]+).*/\1/p; q }' "$config")
address=${address:-127.0.0.1:8470}

# answers PATH: does the daemon say 200 to it? Bash alone, since a fresh machine need not have curl.
answers() {
  local status
  exec 3<>"/dev/tcp/${address%:*}/${address##*:}" || return 1
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" "$address" >&3
  read -r -t 5 _ status _ <&3 || status=
  exec 3>&-
  [ "$status" = 200 ]
} 2>/dev/null

# Says where to look as soon as questions are answered; gone when the daemon is. The daemon takes over this process.
announce() {
  local daemon=$1
  until answers /readyz; do
    kill -0 "$daemon" 2>/dev/null || return 0
    sleep 0.2
  done
  cat <<TEXT

gemba answers on http://$address    (Ctrl-C stops it)

  open the page and ask:   a construction worker in a hard hat
  or from a terminal:      curl '$address/api/v1/search?q=plastic+bottles'
                           build/bin/gemba search "plastic bottles"

The first time the sample footage is still being taken in for a minute or two; what is in is found at once.

TEXT
}

if answers /livez; then
  echo "gemba: something answers on $address already: open http://$address, or stop that one first" >&2
  exit 1
fi
mkdir -p build/demo
announce $$ &
exec build/bin/gembad --config "$config"
