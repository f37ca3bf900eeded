# Building and running.

.PHONY: setup setup-test build run

setup:
	@packaging/native/setup.sh build

setup-test:
	@packaging/native/setup.sh test

# Which build this is. The date is the commit's, so that the same commit gives the same program and nothing is linked
# again only because time has passed.
version_package := github.com/gembahq/gemba/internal/version
git_tag = $(shell git describe --tags --match 'v*' --abbrev=7 2>/dev/null | sed 's/^v//')
git_commit = $(shell git describe --always --exclude '*' --abbrev=12 --dirty 2>/dev/null)
git_date = $(shell TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null)
stamp = $(if $(git_tag),-X $(version_package).Version=$(git_tag)) -X $(version_package).Commit=$(git_commit) -X $(version_package).Date=$(git_date)

# Go's own cache knows what changed.
build: setup
	@$(GO) build -ldflags '$(stamp)' -o build/bin/ ./cmd/...

run: build
	@packaging/demo/run.sh
