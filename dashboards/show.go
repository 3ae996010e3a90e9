package dashboards

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Shown is how Grafana displays a value: its name, its text, and its colour where the colour has a
// meaning. A line of a graph without thresholds has none.
type Shown struct{ Name, Text, Colour string }

// Screen is a dashboard as Grafana reads it from the JSON.
type Screen struct {
	panels      []gPanel
	annotations []gAnnotation
}

// Open reads the JSON of a dashboard.
func Open(text []byte) (*Screen, error) {
	var d gDashboard
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	return &Screen{d.Panels, d.Annotations.List}, nil
}

// Show returns how a panel displays a value of one of its queries. nil is for a panel where no query
// has a result. It fails if the panel or the query does not exist.
func (s *Screen) Show(panel, refID string, labels map[string]string, value *float64) (Shown, error) {
	p, query := s.find(panel, refID)
	if p == nil {
		return Shown{}, fmt.Errorf("no panel %q with a query %s", panel, refID)
	}
	name, text := p.nameOf(query, labels)
	if text != "" {
		return Shown{Name: name, Text: text}, nil
	}
	display := p.FieldConfig.Defaults
	if value == nil { // without a series no override applies
		if p.Type != string(stat) && p.Type != string(gauge) {
			return Shown{Text: display.NoValue}, nil
		}
		return display.show(nil)
	}
	if err := display.override(p.FieldConfig.Overrides, name); err != nil {
		return Shown{}, err
	}
	shown, err := display.show(value)
	if p.Type == string(timeline) && p.Options["mergeValues"] == true && display.Color.Mode == "thresholds" {
		shown = display.thresholdRange(*value)
	}
	if display.DisplayName != "" {
		name = display.DisplayName
	}
	if p.Options["textMode"] != "value" {
		shown.Name = name
	}
	switch p.Type {
	case string(graph): // line colours only distinguish the series; threshold colours have a meaning
		if display.Custom["thresholdsStyle"] == nil || display.Color.Mode == "fixed" {
			shown.Colour = ""
		}
	case string(table):
		if display.Custom["type"] != "color-background" {
			shown.Colour = ""
		}
	}
	return shown, err
}

// Annotation returns the text and the colour of the annotation with that name.
func (s *Screen) Annotation(name string, labels map[string]string) Shown {
	for _, m := range s.annotations {
		if m.Name == name {
			return Shown{Text: expandLegend(m.TitleFormat, labels), Colour: m.IconColor}
		}
	}
	return Shown{}
}

func (s *Screen) find(panel, refID string) (found *gPanel, query int) {
	for _, p := range s.panels {
		i := slices.IndexFunc(p.Targets, func(t gTarget) bool { return t.RefID == refID })
		if p.Title == panel && i >= 0 {
			return &p, i
		}
	}
	return nil, 0
}

// SortedBy is the column by which a table is initially sorted, in descending order; empty if none.
func (s *Screen) SortedBy(panel string) string {
	p, _ := s.find(panel, refID(0))
	if p == nil {
		return ""
	}
	if columns, _ := p.Options["sortBy"].([]any); len(columns) > 0 {
		if first, _ := columns[0].(map[string]any); first["desc"] == true {
			column, _ := first["displayName"].(string)
			return column
		}
	}
	return ""
}

// nameOf returns the name of a query's series: its expanded legend, or in a table the heading of its
// value column. If a table shows a label of the query, text is the value of that label.
func (p *gPanel) nameOf(query int, labels map[string]string) (name, text string) {
	for _, tr := range p.Transformations {
		titles, ok := tr.Options["renameByName"].(map[string]any)
		if !ok {
			continue
		}
		source := valueOf(query)
		if len(p.Targets) == 1 {
			source = "Value"
		}
		if name, ok = titles[source].(string); ok {
			return name, ""
		}
		for label, value := range labels {
			if title, ok := titles[label].(string); ok && label != "node" {
				return title, value
			}
		}
	}
	return expandLegend(p.Targets[query].LegendFormat, labels), ""
}

// expandLegend replaces {{label}} with the value of the label.
func expandLegend(text string, labels map[string]string) string {
	return regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`).ReplaceAllStringFunc(text, func(label string) string {
		return labels[strings.Trim(label, "{} ")]
	})
}

// override applies the overrides for the fields of that name.
func (f *gField) override(all []gOverride, name string) error {
	for _, o := range all {
		matches := o.Matcher.Options == name
		if o.Matcher.ID == "byRegexp" {
			matches, _ = regexp.MatchString(strings.Trim(o.Matcher.Options, "/"), name)
		}
		if !matches {
			continue
		}
		for _, p := range o.Properties {
			into := map[string]any{
				"unit": &f.Unit, "decimals": &f.Decimals, "noValue": &f.NoValue, "displayName": &f.DisplayName,
				"color": &f.Color, "thresholds": &f.Thresholds, "mappings": &f.Mappings, "custom.cellOptions": &f.Custom,
			}[p.ID]
			if into == nil {
				continue
			}
			text, err := json.Marshal(p.Value)
			if err != nil {
				return err
			}
			f.reset(p.ID) // a value replaces the default and is not merged with it
			if err := json.Unmarshal(text, into); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *gField) reset(property string) {
	switch property {
	case "decimals":
		f.Decimals = nil
	case "custom.cellOptions": // they replace all custom options of the panel's kind
		f.Custom = nil
	case "mappings":
		f.Mappings = nil
	case "thresholds":
		f.Thresholds = gThresholds{}
	case "color":
		f.Color = gColor{}
	}
}

// show works like Grafana's display processor: value mappings take precedence over numbers, and their
// colours over thresholds. A missing value has the colour of the lowest threshold unless it is mapped.
func (f *gField) show(value *float64) (Shown, error) {
	mapped, err := f.mapping(value)
	if err != nil {
		return Shown{}, err
	}
	shown := Shown{Text: mapped.Text, Colour: mapped.Color}
	if shown.Text == "" && value != nil {
		shown.Text = format(f.Unit, f.Decimals, *value)
	} else if shown.Text == "" {
		shown.Text = f.NoValue
	}
	if shown.Colour == "" {
		shown.Colour = f.thresholdColour(value)
	}
	if shown.Text == "" {
		shown.Text = "No data"
	}
	return shown, nil
}

// thresholdRange is how a state timeline that merges values displays one if the colour comes from the
// thresholds: Grafana replaces the value by its range and ignores the value mappings. Seen in 9.4; the
// code is the same in 11.1 (prepareTimelineFields in TimelineChart/utils.ts).
func (f *gField) thresholdRange(value float64) Shown {
	steps := f.Thresholds.Steps
	for i := len(steps) - 1; i >= 0; i-- {
		switch from := steps[i].Value; {
		case from != nil && value >= *from:
			return Shown{Text: format(f.Unit, f.Decimals, *from) + "+", Colour: steps[i].Color}
		case from == nil && i+1 < len(steps):
			return Shown{Text: "< " + format(f.Unit, f.Decimals, *steps[i+1].Value), Colour: steps[i].Color}
		case from == nil:
			return Shown{Text: "-∞+", Colour: steps[i].Color}
		}
	}
	return Shown{}
}

// mapping returns the first value mapping that matches.
func (f *gField) mapping(value *float64) (found gResult, err error) {
	for _, m := range f.Mappings {
		text, err := json.Marshal(m.Options)
		if err != nil {
			return found, err
		}
		switch {
		case m.Type == "special" && value == nil:
			var special gSpecial
			err = json.Unmarshal(text, &special)
			return special.Result, err
		case m.Type == "range" && value != nil:
			var r gRange
			if err = json.Unmarshal(text, &r); err == nil && r.From <= *value && *value <= r.To {
				return r.Result, nil
			}
		case m.Type == "value" && value != nil:
			values := map[string]gResult{}
			if err = json.Unmarshal(text, &values); err == nil {
				if r, ok := values[strconv.FormatFloat(*value, 'f', -1, 64)]; ok {
					return r, nil
				}
			}
		}
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// thresholdColour is the colour of a value by its threshold, or the fixed colour.
func (f *gField) thresholdColour(value *float64) string {
	if f.Color.Mode == "fixed" {
		return f.Color.FixedColor
	}
	colour := ""
	for _, s := range f.Thresholds.Steps {
		if s.Value == nil || value != nil && *value >= *s.Value {
			colour = s.Color
		}
	}
	return colour
}
