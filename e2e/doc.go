// Package e2e has only tests. They simulate outages of fake smartnodes and check the notifications of
// the real Prometheus and Alertmanager (internal/drill).
//
// Each outage has its own node. Time is scaled: a minute of the rules is a second of the test.
// `make e2e` runs the tests; `make drill` also updates the tables of README.md.
package e2e
