VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
VERSIONS  = github.com/prometheus/common/version
COMMITTED = $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
LDFLAGS   = -s -w -X $(VERSIONS).Version=$(VERSION) -X $(VERSIONS).Revision=$(REVISION)

GOLANGCI_LINT = golangci-lint-v2.15.0
FUZZTIME     ?= 60s
ALERTMANAGER ?= http://127.0.0.1:9093

.PHONY: build run demo demo-full test race lint fmt golden docs dashboards lint-dashboards rules notify-test e2e drill bench fuzz package test-deb clean

build: ## the static binary ./raptoreum_exporter
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o raptoreum_exporter .

run: build ## the exporter beside the raptoreumd of this user
	./raptoreum_exporter

demo: ## the exporter against a fake network; Ctrl-C ends both
	@go build -o .bin/demo ./internal/demo # go run would report Ctrl-C as a failure
	@.bin/demo

demo-full: $(if $(and $(shell command -v prometheus),$(shell command -v alertmanager)),,.bin/promtool .bin/amtool) ## the same with Prometheus and Alertmanager: break the smartnode, read the messages
	@go build -o .bin/demo ./internal/demo
	@.bin/demo -full

test: ## all tests
	go test ./...

race: ## all tests with the race detector, but those of other programs; needs gcc
	go test -race -short ./...

lint: .bin/$(GOLANGCI_LINT) ## formatting and house rules
	.bin/$(GOLANGCI_LINT) run

fmt: .bin/$(GOLANGCI_LINT)
	.bin/$(GOLANGCI_LINT) fmt

golden: ## write what the tests expect of /metrics anew; read the diff
	go test ./collector -run Golden -update
	go test ./check -run Golden -update

docs: ## write METRICS.md and the table of flags in README.md anew
	go test . ./collector -run Docs -update

dashboards: ## write the JSON of the Grafana dashboards anew
	go generate ./dashboards

lint-dashboards: ## hold the dashboards against Grafana's published types; needs Node and a registry
	dashboards/lint/lint.sh

rules: .bin/promtool .bin/amtool ## check alerts, their cases, routes and templates with the real tools; also with those of .bin/oldest, if there
	go test -count=1 -v -run 'TestPromtool|TestAmtool|TestTemplates' ./alerts

notify-test: .bin/amtool ## one test alert through the Alertmanager at ALERTMANAGER
	.bin/amtool --alertmanager.url=$(ALERTMANAGER) alert add RaptoreumTest severity=critical node=test \
	  --annotation='summary="A test of the way to your phone."' --annotation='description="Nothing is wrong. It ends by itself in 5 minutes."' \
	  --end=$$(date -u -d '+5 min' +%FT%TZ)

e2e: .bin/promtool .bin/amtool ## outages of fake smartnodes, told by the real Prometheus and Alertmanager
	go test -tags e2e -count=1 -timeout 15m -v ./e2e

drill: .bin/promtool .bin/amtool ## the same; writes the table of outages in README.md anew
	go test -tags e2e -count=1 -timeout 15m -v ./e2e -update

bench: ## see "How it scales" in README.md; BASELINE=FILE compares with another build
	BASELINE=$(abspath $(BASELINE)) go test -run '^$$' -bench . -benchtime 1x -timeout 30m ./bench

fuzz: ## each fuzz target for FUZZTIME
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package || exit 1; \
	  done; \
	done

package: .bin/nfpm ## deb, rpm and static binaries of amd64 and arm64 into dist/; of one commit always the same bytes
	rm -rf dist && mkdir dist
	@set -e; export SOURCE_DATE_EPOCH=$(COMMITTED) DEB_VERSION=$$(packaging/version.sh '$(VERSION)' "$$(git rev-list --count HEAD)"); \
	for ARCH in amd64 arm64; do \
	  export ARCH; \
	  CGO_ENABLED=0 GOOS=linux GOARCH=$$ARCH go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o dist/raptoreum_exporter-linux-$$ARCH .; \
	  for kind in deb rpm; do .bin/nfpm package -f packaging/nfpm.yaml -p $$kind -t dist/; done; \
	done
	cd dist && sha256sum * > SHA256SUMS

test-deb: package ## look into the rpm; install, upgrade, remove and purge the deb in a system of its own, as root with debootstrap
	go test -tags deb -count=1 -v -run '^Test(Deb|RPM)' $(if $(filter-out 0,$(shell id -u)),-exec 'sudo --preserve-env=CI') ./packaging

clean:
	rm -rf raptoreum_exporter .bin dist

# The real Prometheus and Alertmanager, and what makes packages, each pinned by a module of its own.
.bin/promtool: tools/prometheus/go.sum
	cd tools/prometheus && GOBIN=$(CURDIR)/.bin go install -ldflags '-s -w' -tags remove_all_sd,netgo \
	  github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool
	touch $@

.bin/amtool: tools/alertmanager/go.sum
	cd tools/alertmanager && GOBIN=$(CURDIR)/.bin go install -ldflags '-s -w' tool
	touch $@

.bin/nfpm: tools/nfpm/go.sum
	cd tools/nfpm && GOBIN=$(CURDIR)/.bin go install -ldflags '-s -w' tool
	touch $@

.bin/$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/.bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(subst golangci-lint-,,$(GOLANGCI_LINT))
	mv .bin/golangci-lint $@
