package dashboards

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Shown is what Grafana makes of a value: the name beside it, its text, and the colour that it has by
// meaning. A line of a graph has none.
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

// Show says how a panel shows a value that one of its queries answers; nil stands for a panel of whose
// queries none has an answer.
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
	if value == nil { // there is no series that an override could be about
		if p.Type != string(stat) && p.Type != string(gauge) {
			return Shown{Text: display.NoValue}, nil
		}
		return display.show(nil)
	}
	if err := display.override(p.FieldConfig.Overrides, name); err != nil {
		return Shown{}, err
	}
	shown, err := display.show(value)
	if display.DisplayName != "" {
		name = display.DisplayName
	}
	if p.Options["textMode"] != "value" {
		shown.Name = name
	}
	switch p.Type {
	case string(graph): // the colours of its lines only tell them apart; those of its limits have a meaning
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

// Mark says what an annotation of that name writes at a moment, and its colour.
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

// SortedBy is the column by which a table is sorted when it is opened, the largest first.
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

// nameOf is the name of a query's series: its legend with the labels put in, or in a table the heading
// of its value. A query of which a table shows a label has that as a text.
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

// expandLegend is a text with the labels put in.
func expandLegend(text string, labels map[string]string) string {
	return regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`).ReplaceAllStringFunc(text, func(label string) string {
		return labels[strings.Trim(label, "{} ")]
	})
}

// override changes what is set for the fields of that name.
func (f *gField) override(all []gOverride, name string) error {
	for _, o := range all {
		fits := o.Matcher.Options == name
		if o.Matcher.ID == "byRegexp" {
			fits, _ = regexp.MatchString(strings.Trim(o.Matcher.Options, "/"), name)
		}
		if !fits {
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
			f.reset(p.ID) // a value takes the place of the default's and does not mix with it
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
	case "custom.cellOptions": // they take the place of all that is special to a panel's kind
		f.Custom = nil
	case "mappings":
		f.Mappings = nil
	case "thresholds":
		f.Thresholds = gThresholds{}
	case "color":
		f.Color = gColor{}
	}
}

// show is Grafana's display processor: words come before numbers, and their colour before that of
// the limits. What has no value has the colour of the least one, unless a word is for it.
func (f *gField) show(value *float64) (Shown, error) {
	word, err := f.mapping(value)
	if err != nil {
		return Shown{}, err
	}
	shown := Shown{Text: word.Text, Colour: word.Color}
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

// word is the first value mapping that fits.
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

// scale is the colour of a value by the limits, or the one of all.
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
