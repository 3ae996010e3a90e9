package dashboards

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

const columnsOfGrid = 24

// render lays out the panels from left to right and from top to bottom.
func (b *board) render() gDashboard {
	d := gDashboard{
		UID: b.uid, Title: b.title, Description: b.description, Tags: []string{"raptoreum"},
		SchemaVersion: schemaVersion, Editable: true, GraphTooltip: 1, Refresh: "1m",
		Time: gTime{b.from, "now"}, Timezone: "browser", Links: b.links, Templating: gTemplating{b.variables},
		Annotations: gAnnotations{[]gAnnotation{}},
	}
	for _, a := range b.annotations {
		d.Annotations.List = append(d.Annotations.List, gAnnotation{
			Name: a.name, Datasource: source(), Enable: true, IconColor: a.colour, TitleFormat: a.title,
			Target: gTarget{RefID: "Anno", Expr: a.expr, Interval: "1m"},
		})
	}
	id, y := 0, 0
	for _, r := range b.rows {
		if r.title != "" {
			id++
			d.Panels = append(d.Panels, gPanel{
				ID: id, Type: "row", Title: r.title, GridPos: gGrid{0, y, columnsOfGrid, 1},
				Collapsed: ptr(false), Panels: &[]gPanel{},
			})
			y++
		}
		x, h := 0, 0
		for _, p := range r.panels {
			if x+p.w > columnsOfGrid {
				x, y, h = 0, y+h, 0
			}
			id, h = id+1, max(h, p.h)
			g := p.render()
			g.ID, g.GridPos = id, gGrid{x, y, p.w, p.h}
			d.Panels = append(d.Panels, g)
			x += p.w
		}
		y += h
	}
	return d
}

func (p *panel) render() gPanel {
	g := gPanel{
		Type: string(p.kind), Title: p.title, Description: p.description, Datasource: source(),
		Interval: p.interval, TimeFrom: p.timeFrom,
		FieldConfig: &gFieldConfig{p.fieldDefaults(), []gOverride{}}, Options: p.options(), Transformations: p.transformations(),
	}
	for i, alert := range p.alerts {
		if i == 0 {
			g.Description += "\n\nAlerts: " + alert
		} else {
			g.Description += ", " + alert
		}
		g.Links = append(g.Links, runbook(alert))
	}
	for i, q := range p.queries {
		t := gTarget{RefID: refID(i), Datasource: source(), Expr: q.expr, LegendFormat: q.name, Instant: p.instant(), Range: !p.instant()}
		if p.kind == table {
			t.Format, t.LegendFormat = "table", ""
		}
		g.Targets = append(g.Targets, t)
	}
	if p.kind == table { // the text of an empty table must not appear in single cells
		g.FieldConfig.Overrides = append(g.FieldConfig.Overrides, gOverride{gMatcher{"byRegexp", "/.+/"}, []gProperty{{"noValue", "–"}}})
	}
	for _, o := range p.overrides {
		g.FieldConfig.Overrides = append(g.FieldConfig.Overrides, gOverride{gMatcher{"byName", o.name}, o.properties()})
	}
	return g
}

// notReported replaces Grafana's "No data" in a panel without any value. The usual reason is that no
// exporter runs beside the daemon.
const notReported = "No exporter reports this"

func (p *panel) fieldDefaults() gField {
	f := gField{
		Unit: p.field.unit, Decimals: p.field.decimals, Min: p.field.min, Max: p.field.max, NoValue: p.field.noValue,
		Color: gColor{Mode: "thresholds"}, Thresholds: thresholds(p.field.steps), Mappings: renderMappings(p.field.mappings, p.field.noValue),
	}
	switch {
	case f.NoValue != "":
	case p.kind == timeline: // the legend shows it for a gap
		f.NoValue = "unknown"
	default:
		f.NoValue = cmp.Or(p.field.emptyText, notReported)
	}
	switch {
	case p.kind == timeline: // with colours from thresholds, Grafana ignores the value mappings; see thresholdRange
		f.Color = gColor{"fixed", unknown}
	case p.field.colour != "":
		f.Color = gColor{"fixed", p.field.colour}
	case p.kind == graph:
		f.Color = gColor{Mode: "palette-classic-by-name"}
	}
	switch p.kind {
	case graph:
		f.Custom = map[string]any{"lineWidth": 2, "fillOpacity": 0, "showPoints": "auto", "drawStyle": "line"}
		if p.bars {
			f.Custom["drawStyle"], f.Custom["fillOpacity"] = "bars", 60
		}
		if p.field.softMax != nil {
			f.Custom["axisSoftMax"] = *p.field.softMax
		}
		if p.showLimits {
			f.Custom["thresholdsStyle"] = map[string]any{"mode": "dashed"}
		}
	case timeline:
		f.Custom = map[string]any{"lineWidth": 0, "fillOpacity": 80}
	case table:
		f.Custom = map[string]any{"align": "left", "inspect": false, "cellOptions": map[string]any{"type": "auto"}}
	}
	return f
}

// properties returns the settings that an override changes.
func (o *override) properties() []gProperty {
	all := []gProperty{}
	add := func(set bool, id string, value any) {
		if set {
			all = append(all, gProperty{id, value})
		}
	}
	add(o.displayName != "", "displayName", o.displayName)
	add(o.unit != "", "unit", o.unit)
	add(o.decimals != nil, "decimals", o.decimals)
	add(o.min != nil, "min", o.min)
	add(o.max != nil, "max", o.max)
	add(o.noValue != "", "noValue", o.noValue)
	if o.steps != nil {
		all = append(all, gProperty{"thresholds", thresholds(o.steps)}, gProperty{"color", gColor{Mode: "thresholds"}})
	}
	add(o.colour != "", "color", gColor{"fixed", o.colour})
	add(o.mappings != nil, "mappings", renderMappings(o.mappings, o.noValue))
	add(o.links != nil, "links", o.links)
	add(o.width > 0, "custom.width", o.width)
	add(o.dashed, "custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{8, 8}})
	add(o.line, "custom.drawStyle", "line")
	add(o.line, "custom.fillOpacity", 0)
	add(o.right, "custom.axisPlacement", "right")
	add(o.background, "custom.cellOptions", map[string]any{"type": "color-background", "mode": "basic"})
	return all
}

// thresholds returns the colours by value. Grafana requires the first step to have no value.
func thresholds(steps []step) gThresholds {
	t := gThresholds{Mode: "absolute"}
	for i, s := range steps {
		if i == 0 {
			t.Steps = append(t.Steps, gStep{nil, s.colour})
		} else {
			t.Steps = append(t.Steps, gStep{&s.from, s.colour})
		}
	}
	if t.Steps == nil {
		t.Steps = []gStep{{nil, unknown}}
	}
	return t
}

// renderMappings returns the value mappings, single values first, as Grafana does. A missing value gets
// a text and a colour as well; otherwise it would have the colour of the lowest threshold.
func renderMappings(mappings []valueMapping, noValue string) []gMapping {
	values := map[string]gResult{}
	var all []gMapping
	for i, w := range mappings {
		result := gResult{w.text, w.colour, i}
		if w.to != nil {
			all = append(all, gMapping{"range", gRange{w.value, *w.to, result}})
		} else {
			values[strconv.FormatFloat(w.value, 'g', -1, 64)] = result
		}
	}
	if len(values) > 0 {
		all = slices.Insert(all, 0, gMapping{"value", values})
	}
	if noValue != "" {
		all = append(all, gMapping{"special", gSpecial{"null+nan", gResult{noValue, unknown, len(mappings)}}})
	}
	return all
}

// runbook links to the runbook of an alert. Every exporter serves them.
func runbook(alert string) link {
	return link{
		Title: "Runbook: " + alert, Type: "link", URL: fmt.Sprintf("http://${exporter}/runbooks/%s", alert),
		Icon: "doc", TargetBlank: true, Tags: []string{},
	}
}
