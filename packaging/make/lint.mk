# Static checks.

.PHONY: lint

lint: setup
	@packaging/make/lint.sh
