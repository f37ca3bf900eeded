#!/usr/bin/env bash
# Reads what go test -bench prints, prints a table: per benchmark the time of one round, then the figures it reports
# itself. What was allocated is left to build/bench.json.
exec awk '
  function time(ns) {
    if (ns >= 1e9) return sprintf("%.3g s", ns / 1e9)
    if (ns >= 1e6) return sprintf("%.3g ms", ns / 1e6)
    if (ns >= 1e3) return sprintf("%.3g us", ns / 1e3)
    return sprintf("%.3g ns", ns)
  }
  /^pkg: / { sub(/^pkg: github.com\/gembahq\/gemba\//, ""); print "\n" $0; fflush() }
  /^cpu: / { if (!cpu) print; cpu = 1; fflush() }
  /^Benchmark/ && NF >= 4 {
    name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name)
    line = figures = ""
    for (i = 3; i < NF; i += 2) {
      if ($(i + 1) == "ns/op") line = time($i)
      else if ($(i + 1) != "B/op" && $(i + 1) != "allocs/op") figures = figures sprintf("   %s %s", $i, $(i + 1))
    }
    printf "  %-44s %12s%s\n", name, line, figures; fflush()
  }
  /^(FAIL|--- FAIL|panic:)/ { print; fflush() }'
