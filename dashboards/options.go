package dashboards

// options returns the options for the panel's kind.
func (p *panel) options() map[string]any {
	lastValue := map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
	switch p.kind {
	case stat:
		o := map[string]any{
			"reduceOptions": lastValue, "colorMode": "background", "graphMode": "none", "justifyMode": "center",
			"orientation": "auto", "textMode": "value", "wideLayout": false, "showPercentChange": false,
			"percentChangeColorMode": "standard",
		}
		if p.field.colour == plain {
			o["colorMode"] = "value"
		}
		if p.showNames {
			o["textMode"] = "value_and_name"
		}
		if p.vertical {
			o["orientation"] = "horizontal" // Grafana's term for values stacked vertically
			o["wideLayout"] = true
		}
		if p.sizes != nil {
			o["text"] = map[string]any{"titleSize": p.sizes.name, "valueSize": p.sizes.value}
		}
		return o
	case gauge:
		return map[string]any{
			"reduceOptions": lastValue, "orientation": "auto", "showThresholdLabels": false, "showThresholdMarkers": true,
			"sizing": "auto", "minVizHeight": 75, "minVizWidth": 75,
		}
	case graph:
		return map[string]any{
			"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		}
	case timeline:
		return map[string]any{
			"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}}, // for texts that do not fit on their bar
			"tooltip": map[string]any{"mode": "single", "sort": "none"}, "alignValue": "center", "mergeValues": true,
			"rowHeight": 0.9, "showValue": "auto",
		}
	default:
		return p.tableOptions()
	}
}

// tableOptions enables pagination for both versions: Grafana 11 reads it from the footer, newer ones do not.
func (p *panel) tableOptions() map[string]any {
	o := map[string]any{
		"showHeader": true, "cellHeight": "sm", "frameIndex": 0, "enablePagination": true,
		"footer": map[string]any{"show": false, "enablePagination": true, "countRows": false, "reducer": []string{"sum"}},
	}
	if p.sort != "" {
		o["sortBy"] = []map[string]any{{"displayName": p.sort, "desc": true}}
	}
	return o
}

// transformations join the query results of a table into one row per node. Only the fields that are
// columns are kept, because a query without a result must not affect the other columns.
func (p *panel) transformations() []gTransformation {
	if p.kind != table {
		return nil
	}
	titles, order, sources := map[string]string{}, map[string]int{}, []string{}
	for i, c := range p.columns {
		name := c.source
		if len(p.queries) == 1 && name == valueOf(0) {
			name = "Value" // the value of a single query has no letter
		}
		titles[name], order[name], sources = c.title, i, append(sources, name)
	}
	all := []gTransformation{{"filterFieldsByName", map[string]any{"include": map[string]any{"names": sources}}}}
	if len(p.queries) > 1 {
		all = append(all, gTransformation{"joinByField", map[string]any{"byField": "node", "mode": "outer"}})
	}
	return append(all, gTransformation{"organize", map[string]any{
		"excludeByName": map[string]bool{}, "indexByName": order, "renameByName": titles,
	}})
}
