VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
VERSIONS  = github.com/prometheus/common/version
COMMITTED = $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
LDFLAGS   = -s -w -X $(VERSIONS).Version=$(VERSION) -X $(VERSIONS).Revision=$(REVISION)

GOLANGCI_LINT = golangci-lint-v2.15.0
FUZZTIME     ?= 60s
SEED         ?= 1
MONTHS       ?= 30
ALERTMANAGER ?= http://127.0.0.1:9093

.DEFAULT_GOAL := build
.PHONY: help build run demo demo-full test race lint fmt golden docs browser dashboards lint-dashboards rules notify-test e2e drill life bench fuzz package test-deb clean

help: ## list the targets; without one, make builds
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-16s %s\n", $$1, $$2}' Makefile

build: ## build the static binary ./raptoreum_exporter
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o raptoreum_exporter .

run: build ## run the exporter beside the raptoreumd of this user
	./raptoreum_exporter

demo: ## run the exporter beside a fake network; Ctrl-C stops both
	@go build -o .bin/demo ./internal/demo # go run would report Ctrl-C as a failure
	@.bin/demo

demo-full: $(if $(and $(shell command -v prometheus),$(shell command -v alertmanager)),,.bin/promtool .bin/amtool) ## the same with Prometheus and Alertmanager: break the smartnode and read the notifications
	@go build -o .bin/demo ./internal/demo
	@.bin/demo -full

GOTESTSUM = .bin/gotestsum --format pkgname-and-test-fails --format-hide-empty-pkg --

# Most tests wait more than they compute, so more of them than there are cores run at the same time. With the race
# detector they compute several times as much.
test: .bin/gotestsum ## run all tests; the last lines say what failed and what was skipped
	$(GOTESTSUM) -p 8 -parallel 8 ./...

race: .bin/gotestsum ## run the tests with the race detector, without those that run other programs; needs gcc
	$(GOTESTSUM) -p 3 -parallel 3 -race -short ./...

lint: .bin/$(GOLANGCI_LINT) ## check formatting and house rules
	.bin/$(GOLANGCI_LINT) run

fmt: .bin/$(GOLANGCI_LINT)
	.bin/$(GOLANGCI_LINT) fmt

golden: ## regenerate the golden files of /metrics and check; review the diff
	go test ./collector -run Golden -update
	go test ./judge -run Golden -update
	go test ./systemtest -run ReadmeCheck -update

docs: ## regenerate METRICS.md and the table of flags in README.md
	go test . ./collector ./web -run Docs -update

browser: ## view the page with a headless Chromium, at the widths of a phone and of a desktop
	cd tools/browser && go test -count=1 .

dashboards: ## regenerate the JSON of the Grafana dashboards
	go generate ./dashboards

lint-dashboards: ## check the dashboards against Grafana's published types; needs Node and a registry
	dashboards/lint/lint.sh

rules: .bin/promtool .bin/amtool ## test alerts, routes and templates with promtool and amtool, and with those of .bin/oldest if present
	go test -count=1 -v -parallel 8 -run 'TestPromtool|TestAmtool|TestTemplates' ./alerts -oldest

notify-test: .bin/amtool ## send a test alert through the Alertmanager at ALERTMANAGER
	@# Critical, because only those go to the phone.
	.bin/amtool --alertmanager.url=$(ALERTMANAGER) alert add RaptoreumTest severity=critical node=test \
	  --annotation='summary="Test notification."' --annotation='description="This is only a test: no action is required. The alert ends after 5 minutes."' \
	  --end=$$(date -u -d '+5 min' +%FT%TZ)

# Their clocks run 60 times as fast, so that a busy machine delays a scrape by minutes: a test that fails is repeated once.
e2e: .bin/promtool .bin/amtool .bin/gotestsum ## test outages of fake smartnodes with the real Prometheus and Alertmanager
	.bin/gotestsum --format standard-verbose --rerun-fails=1 --packages ./e2e -- -tags e2e -count=1 -timeout 15m

drill: .bin/promtool .bin/amtool ## the same, and regenerate the tables of outages in README.md
	go test -tags e2e -count=1 -timeout 15m -v ./e2e -update

life: ## play MONTHS node-months of random life with SEED, and compare the messages with the truth; flags in LIFE
	cd tools/life && go test -tags remove_all_sd,netgo -count=1 -timeout 0 -args -seed $(SEED) -months $(MONTHS) $(LIFE)

bench: ## run the benchmarks; see "Performance" in README.md; BASELINE=FILE compares with another build
	BASELINE=$(abspath $(BASELINE)) go test -run '^$$' -bench . -benchtime 1x -timeout 30m ./bench

fuzz: ## run each fuzz target for FUZZTIME
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package || exit 1; \
	  done; \
	done

package: .bin/nfpm ## build deb, rpm and static binaries for amd64 and arm64 in dist/, reproducibly
	rm -rf dist && mkdir dist
	@set -e; export SOURCE_DATE_EPOCH=$(COMMITTED) DEB_VERSION=$$(packaging/version.sh '$(VERSION)' "$$(git rev-list --count HEAD)" '$(COMMITTED)'); \
	packaging/prepare.sh "$$DEB_VERSION" '$(COMMITTED)' "$(CURDIR)/.bin/package"; \
	for ARCH in amd64 arm64; do \
	  export ARCH; \
	  CGO_ENABLED=0 GOOS=linux GOARCH=$$ARCH go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o dist/raptoreum_exporter-linux-$$ARCH .; \
	  for kind in deb rpm; do .bin/nfpm package -f packaging/nfpm.yaml -p $$kind -t dist/; done; \
	done
	cd dist && sha256sum * > SHA256SUMS

test-deb: package ## inspect the rpm; install, upgrade, remove and purge the deb in a debootstrap system, as root
	go test -tags deb -count=1 -v -run '^Test(Deb|RPM)' $(if $(filter-out 0,$(shell id -u)),-exec 'sudo --preserve-env=CI') ./packaging

clean:
	rm -rf raptoreum_exporter .bin dist

# Programs that are each pinned by a module of their own.
.bin/promtool: tools/prometheus/go.sum
	cd tools/prometheus && GOBIN=$(CURDIR)/.bin go install -ldflags '-s -w' -tags remove_all_sd,netgo \
	  github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool
	touch $@

.bin/amtool: tools/alertmanager/go.sum
	cd tools/alertmanager && GOBIN=$(CURDIR)/.bin go install -ldflags '-s -w' tool
	touch $@

.bin/gotestsum: tools/gotestsum/go.sum
	cd tools/gotestsum && GOBIN=$(CURDIR)/.bin go install -ldflags '-s -w' tool

.bin/nfpm: tools/nfpm/go.sum
	cd tools/nfpm && GOBIN=$(CURDIR)/.bin go install -ldflags '-s -w' tool
	touch $@

.bin/$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/.bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(subst golangci-lint-,,$(GOLANGCI_LINT))
	mv .bin/golangci-lint $@
