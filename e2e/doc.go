// Package e2e has no code of its own: its tests let outages happen to fake smartnodes and wait for
// what the real Prometheus and the real Alertmanager tell their owner of them (internal/drill).
//
// Each outage has a node of its own. Time is scaled: a minute of the rules is a second of the test.
// `make e2e` runs it; `make drill` also writes the table of README.md.
package e2e
