package dashboards

import (
	"cmp"
	"slices"
	"strings"
	"testing"
)

// TestTimelines checks that every state timeline displays the text and the colour of each value mapping, and
// has a legend, because Grafana cuts off a text that is wider than its bar. The legend lists each text once,
// so a text needs a single colour.
func TestTimelines(t *testing.T) {
	found := 0
	for _, b := range boards() {
		s := screen(t, b.file)
		for _, r := range b.rows {
			for _, p := range r.panels {
				if p.kind != timeline {
					continue
				}
				found++
				where, colours := b.file+", "+p.title, map[string]string{}
				for i, q := range p.queries {
					mappings := p.field.mappings
					if o := slices.IndexFunc(p.overrides, func(o override) bool { return o.name == q.name }); o >= 0 {
						mappings = p.overrides[o].mappings
					}
					if len(mappings) == 0 {
						t.Errorf("%s: %s has no value mappings", where, q.name)
					}
					for _, m := range mappings {
						for _, value := range []*float64{&m.value, cmp.Or(m.to, &m.value)} {
							got, err := s.Show(p.title, refID(i), nil, value)
							if err != nil || got.Text != m.text || got.Colour != m.colour {
								t.Errorf("%s: %s = %v is %q in %q, want %q in %q (%v)", where, q.name, *value, got.Text, got.Colour, m.text, m.colour, err)
							}
						}
						if other := colours[m.text]; m.colour == "" || other != "" && other != m.colour {
							t.Errorf("%s: %q has the colours %q and %q", where, m.text, other, m.colour)
						}
						colours[m.text] = m.colour
					}
				}
				o := p.options()
				if legend := o["legend"].(map[string]any); legend["showLegend"] != true {
					t.Errorf("%s: no legend", where)
				}
				if tooltip := o["tooltip"].(map[string]any); tooltip["mode"] == "none" {
					t.Errorf("%s: no tooltip", where)
				}
			}
		}
	}
	if found < 4 {
		t.Errorf("only %d timelines", found)
	}
}

// TestThresholdRange expects what Grafana displays on a state timeline with colours from thresholds.
func TestThresholdRange(t *testing.T) {
	s := Screen{panels: []gPanel{{
		Type: string(timeline), Title: "T", Targets: []gTarget{{RefID: "A"}}, Options: map[string]any{"mergeValues": true},
		FieldConfig: &gFieldConfig{Defaults: gField{
			Unit: "none", Color: gColor{Mode: "thresholds"}, Mappings: renderMappings(yesNo("yes", good, "no", bad), ""),
		}},
	}}}
	for _, test := range []struct {
		steps []step
		value float64
		want  Shown
	}{
		{nil, 1, Shown{"", "-∞+", unknown}},
		{[]step{{0, good}, {1, bad}}, 0, Shown{"", "< 1", good}},
		{[]step{{0, good}, {1, bad}}, 1, Shown{"", "1+", bad}},
	} {
		s.panels[0].FieldConfig.Defaults.Thresholds = thresholds(test.steps)
		if got, err := s.Show("T", "A", nil, &test.value); err != nil || got != test.want {
			t.Errorf("%v with %v: %+v, want %+v (%v)", test.value, test.steps, got, test.want, err)
		}
	}
	s.panels[0].FieldConfig.Defaults.Color = gColor{"fixed", unknown}
	if got, err := s.Show("T", "A", nil, ptr(1.0)); err != nil || got != (Shown{"", "yes", good}) {
		t.Errorf("with a fixed colour: %+v (%v)", got, err)
	}
}

// TestAxes checks the settings that determine the labels of an axis. With decimals 0, Grafana formats ticks
// that are no integers as missing values, with the text of noValue (UPlotAxisBuilder.ts). If all values are 0,
// the axis ends at 100, which is 10000 % for a share, unless it has a maximum or a soft maximum.
func TestAxes(t *testing.T) {
	for _, b := range boards() {
		for _, p := range b.render().Panels {
			if p.Type != string(graph) {
				continue
			}
			where, d := b.file+", "+p.Title, p.FieldConfig.Defaults
			if d.Decimals != nil && *d.Decimals == 0 {
				t.Errorf("%s: decimals 0 labels the axis %q", where, d.NoValue)
			}
			for _, o := range p.FieldConfig.Overrides {
				for _, property := range o.Properties {
					if decimals, ok := property.Value.(*int); property.ID == "decimals" && (!ok || *decimals == 0) {
						t.Errorf("%s, %s: decimals 0 labels the axis %q", where, o.Matcher.Options, d.NoValue)
					}
					if property.ID == "unit" && property.Value == "percentunit" {
						t.Errorf("%s, %s: a share on an axis of its own", where, o.Matcher.Options)
					}
				}
			}
			softMax, _ := d.Custom["axisSoftMax"].(float64)
			if d.Unit == "percentunit" && d.Max == nil && (softMax <= 0 || softMax > 1) {
				t.Errorf("%s: an axis up to 10000 %% while all values are 0", where)
			}
			if strings.Contains(d.Unit, "percent") && d.Min == nil {
				t.Errorf("%s: a share without a minimum", where)
			}
		}
	}
}
