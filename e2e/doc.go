// Package e2e has no code of its own: its tests let outages happen to fake smartnodes and wait for
// what the real Prometheus and the real Alertmanager tell their owner of them.
//
// Each outage has a node of its own, a fake network with an exporter. Time is scaled: a minute of the
// rules is a second of the test. `make e2e` runs it.
package e2e
