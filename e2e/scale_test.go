package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// scale is how much faster the test's time runs: a minute of the rules is a second.
const scale = 60

// scaled is a time of the rules as the test waits for it.
func scaled(d time.Duration) time.Duration { return (d / scale).Round(time.Millisecond) }

// scaleYAML divides every time in the rules of Prometheus or the routes of Alertmanager by scale.
func scaleYAML(data []byte) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, err
	}
	if err := scaleNode(&document); err != nil {
		return nil, err
	}
	return yaml.Marshal(&document)
}

// scaleNode leaves aliases alone: what they stand for is scaled where it is written.
func scaleNode(node *yaml.Node) (err error) {
	for i, child := range node.Content {
		key := ""
		if node.Kind == yaml.MappingNode && i%2 == 1 {
			key = node.Content[i-1].Value
		}
		switch key {
		case "for", "keep_firing_for", "interval", "query_offset", "group_wait", "group_interval", "repeat_interval", "resolve_timeout":
			child.Value, err = scaleDuration(child.Value)
		case "expr":
			child.Value, err = scaleExpr(child.Value)
		default:
			err = scaleNode(child)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", child.Line, err)
		}
	}
	return nil
}

func scaleDuration(text string) (string, error) {
	d, err := model.ParseDuration(text)
	return model.Duration(scaled(time.Duration(d))).String(), err
}

// scaleExpr scales ranges, sub-queries and offsets, and the seconds that an age is
// compared with or a day has.
func scaleExpr(expr string) (string, error) {
	var failed error
	durations := regexp.MustCompile(`(\[|\boffset\s+-?|:)((?:\d+(?:ms|[smhdwy]))+)`)
	expr = durations.ReplaceAllStringFunc(expr, func(found string) string {
		parts := durations.FindStringSubmatch(found)
		d, err := scaleDuration(parts[2])
		if err != nil {
			failed = err
		}
		return parts[1] + d
	})
	seconds := regexp.MustCompile(`(?s)(\btime\(\) - .*?[<>]=?\s*|)\b(\d+)\b`)
	return seconds.ReplaceAllStringFunc(expr, func(found string) string {
		parts := seconds.FindStringSubmatch(found)
		n, err := strconv.ParseFloat(parts[2], 64)
		if err != nil {
			failed = err
		}
		if parts[1] == "" && parts[2] != "86400" {
			return found
		}
		return parts[1] + strconv.FormatFloat(n/scale, 'f', -1, 64)
	}), failed
}

func TestScale(t *testing.T) {
	const rules = `
groups:
  - name: a
    rules:
      - alert: A
        expr: >-
          time() - max_over_time(x_seconds[2m]) > 1200 and on (job)
          predict_linear(y[6h], 4 * 86400) < 0 and z[1h:1m] offset 90m <= bool 600
        for: 10m
        keep_firing_for: 1h30m
        labels: &labels {severity: warning}
        annotations: {description: 'more than 1200 for 10m [2m]'}
      - {alert: B, expr: vector(1), for: 1s, labels: *labels}
`
	const want = `groups:
    - name: a
      rules:
        - alert: A
          expr: >-
            time() - max_over_time(x_seconds[2s]) > 20 and on (job) predict_linear(y[6m], 4 * 1440) < 0 and z[1m:1s] offset 1m30s <= bool 600
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
		t.Error("a duration that is none was accepted")
	}
}
