// Package bench measures what a user of the exporter pays: time, round trips, CPU and memory of
// the built program, scraped over HTTP as Prometheus does.
//
// It has only benchmarks; `make bench` runs them. Each does a fixed amount of work, whatever
// -benchtime says, and fails when a goal is missed.
package bench
