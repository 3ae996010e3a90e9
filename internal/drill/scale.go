package drill

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// Scale is how much faster than real time a drill runs: a minute of the rules is a second.
const Scale = 60

// minInterval is the min interval of a rule group in real time. 15 s scaled is too fast for a small machine.
const minInterval = model.Duration(500 * time.Millisecond)

// Scaled converts a duration of rule time to real time.
func Scaled(d time.Duration) time.Duration { return (d / Scale).Round(time.Millisecond) }

// Minutes converts real time that passed in a drill to minutes of rule time.
func Minutes(d time.Duration) float64 {
	return float64((d * Scale).Round(6*time.Second)) / float64(time.Minute)
}

// scaleYAML divides every duration in Prometheus rules or Alertmanager routes by Scale.
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

// scaleNode skips aliases, because their anchors are scaled already.
func scaleNode(node *yaml.Node) (err error) {
	for i, child := range node.Content {
		key := ""
		if node.Kind == yaml.MappingNode && i%2 == 1 {
			key = node.Content[i-1].Value
		}
		switch key {
		case "interval":
			child.Value, err = scaleDuration(child.Value)
			if d, parsed := model.ParseDuration(child.Value); parsed == nil {
				child.Value = max(d, minInterval).String()
			}
		case "for", "keep_firing_for", "query_offset", "group_wait", "group_interval", "repeat_interval", "resolve_timeout":
			child.Value, err = scaleDuration(child.Value)
		case "expr":
			child.Value, err = ScaleExpr(child.Value)
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
	return model.Duration(Scaled(time.Duration(d))).String(), err
}

// ScaleExpr scales ranges, subqueries and offsets, thresholds in seconds that an age is compared with or divided by,
// and the seconds of a day.
func ScaleExpr(expr string) (string, error) {
	var failed error
	const duration = `((?:\d+(?:ms|[smhdwy]))+)`
	durations := regexp.MustCompile(`(\[|\boffset\s+-?)` + duration + `(?:(:)` + duration + `)?`) // not the colon in the name of a recorded series
	expr = durations.ReplaceAllStringFunc(expr, func(found string) string {
		scaled := ""
		for i, part := range durations.FindStringSubmatch(found)[1:] {
			if i%2 == 1 && part != "" {
				var err error
				if part, err = scaleDuration(part); err != nil {
					failed = err
				}
			}
			scaled += part
		}
		return scaled
	})
	seconds := regexp.MustCompile(`(?s)(\btime\(\) - .*?[<>]=?\s*|age_seconds:\w+(?:\[\w+\]\))? (?:[<>]=?|/)\s*|)\b(\d+)\b`)
	return seconds.ReplaceAllStringFunc(expr, func(found string) string {
		parts := seconds.FindStringSubmatch(found)
		n, err := strconv.ParseFloat(parts[2], 64)
		if err != nil {
			failed = err
		}
		if parts[1] == "" && parts[2] != "86400" {
			return found
		}
		return parts[1] + strconv.FormatFloat(n/Scale, 'f', -1, 64)
	}), failed
}
