#!/usr/bin/env bash
# Reads what go test -bench prints, prints one aligned line per benchmark: name, then each figure with its unit.
exec awk '
  /^pkg: / { sub(/^pkg: github.com\/gembahq\/gemba\//, ""); print "\n" $0; fflush() }
  /^cpu: / { if (!cpu) print; cpu = 1; fflush() }
  /^Benchmark/ && NF >= 4 {
    name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name)
    line = sprintf("  %-44s", name)
    for (i = 3; i < NF; i += 2) line = line sprintf(" %14s %-12s", $i, $(i + 1))
    print line; fflush()
  }
  /^(FAIL|--- FAIL|panic:)/ { print; fflush() }'
