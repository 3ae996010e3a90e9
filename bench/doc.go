// Package bench measures the cost of the exporter: time, round trips, CPU and memory of the built
// program, scraped over HTTP as Prometheus does.
//
// It has only benchmarks; `make bench` runs them. Each does a fixed amount of work regardless of
// -benchtime, and fails when a goal is missed.
package bench
