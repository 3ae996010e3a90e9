package drill

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScale(t *testing.T) {
	const rules = `
groups:
  - name: a
    interval: 15s
    rules:
      - record: view:x_age_seconds:last7m
        expr: time() - last_over_time(x_seconds[7m])
      - alert: A
        expr: >-
          time() - max_over_time(x_seconds[2m]) > 1200 and on (job)
          view:x_age_seconds:last7m <= 600 or predict_linear(y[6h], 4 * 86400) < 0 and z[1h:1m] offset 90m <= bool 600
          unless view:x_rose:5m offset 5m and max_over_time(view:x_age_seconds:last7m[3m]) < 1200 and z < view:x_age_seconds:last7m / 60
        for: 10m
        keep_firing_for: 1h30m
        labels: &labels {severity: warning}
        annotations: {description: 'more than 1200 for 10m [2m]'}
      - {alert: B, expr: vector(1), for: 1s, labels: *labels}
`
	const want = `groups:
    - name: a
      interval: 500ms
      rules:
        - record: view:x_age_seconds:last7m
          expr: time() - last_over_time(x_seconds[7s])
        - alert: A
          expr: >-
            time() - max_over_time(x_seconds[2s]) > 20 and on (job) view:x_age_seconds:last7m <= 10 or predict_linear(y[6m], 4 * 1440) < 0 and z[1m:1s] offset 1m30s <= bool 600 unless view:x_rose:5m offset 5s and max_over_time(view:x_age_seconds:last7m[3s]) < 20 and z < view:x_age_seconds:last7m / 1
          for: 10s
          keep_firing_for: 1m30s
          labels: &labels {severity: warning}
          annotations: {description: 'more than 1200 for 10m [2m]'}
        - {alert: B, expr: vector(1), for: 17ms, labels: *labels}
`
	got, err := scaleYAML([]byte(rules))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	got, err = scaleYAML([]byte("route: {group_wait: 45s, routes: [{repeat_interval: 24h}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("route: {group_wait: 750ms, routes: [{repeat_interval: 24m}]}\n", string(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := scaleYAML([]byte("for: soon")); err == nil {
		t.Error("an invalid duration was accepted")
	}
}
