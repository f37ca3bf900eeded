#!/usr/bin/env bash
# Reads what go test -bench prints, writes JSON: the machine, and per benchmark its package, name, rounds and figures
# by unit.
exec awk '
  function quoted(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); return "\"" s "\"" }
  /^goos: / { goos = $2 }
  /^goarch: / { goarch = $2 }
  /^cpu: / { cpu = $0; sub(/^cpu: /, "", cpu) }
  /^pkg: / { package = $2 }
  /^Benchmark/ && NF >= 4 {
    name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name)
    figures = ""
    for (i = 3; i < NF; i += 2) figures = figures (figures == "" ? "" : ", ") quoted($(i + 1)) ": " $i
    rows[++n] = "    {\"package\": " quoted(package) ", \"name\": " quoted(name) ", \"rounds\": " $2 ", \"figures\": {" figures "}}"
  }
  END {
    print "{"
    print "  \"machine\": {\"os\": " quoted(goos) ", \"arch\": " quoted(goarch) ", \"cpu\": " quoted(cpu) "},"
    print "  \"benchmarks\": ["
    for (i = 1; i <= n; i++) print rows[i] (i < n ? "," : "")
    print "  ]"
    print "}"
  }'
