// Package drill lets outages happen to fake smartnodes and hears what the real Prometheus and
// Alertmanager, with our rules and routes, tell their owner of them.
//
// A Node is a fake network with an exporter. A Stack scrapes Nodes and collects the messages in its
// Inbox. Outages and QuietDays are the scripts. Everything runs on scaled time: a minute of the rules
// is a second. The tests of e2e use it, and make demo-full.
package drill
