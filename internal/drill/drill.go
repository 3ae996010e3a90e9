// Package drill simulates outages of fake smartnodes and collects the notifications that the real
// Prometheus and Alertmanager send about them, with our rules and routes.
//
// A Node is a fake network with an exporter. A Stack scrapes Nodes and collects the messages in its
// Inbox. Outages and QuietDays are the scripts. Everything runs on scaled time: a minute of the rules
// is a second. The tests in e2e and make demo-full use it.
package drill
