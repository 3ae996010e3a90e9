package dashboards

// The job name of every exporter matches allJobs, as the alerts require. A vantage has any name or none.
const (
	allJobs     = "raptoreum.*"
	allVantages = ".*"
)

// variable is a template variable in Grafana's JSON.
type variable struct {
	Name       string   `json:"name"`
	Label      string   `json:"label"`
	Type       string   `json:"type"`
	Datasource *gSource `json:"datasource,omitempty"`
	Query      any      `json:"query"`
	Definition string   `json:"definition,omitempty"`
	Regex      string   `json:"regex"`
	Refresh    int      `json:"refresh"`
	Sort       int      `json:"sort,omitempty"`
	Multi      bool     `json:"multi"`
	IncludeAll bool     `json:"includeAll"`
	AllValue   string   `json:"allValue,omitempty"`
	Hide       int      `json:"hide"`
	SkipSync   bool     `json:"skipUrlSync"`
	Current    any      `json:"current"`
	Options    []string `json:"options"`
}

// labelValues queries the values of a label, in natural order: node-2 before node-10.
func labelValues(name, label, of, metric string) variable {
	text := "label_values(" + metric + ", " + of + ")"
	return variable{
		Name: name, Label: label, Type: "query", Datasource: source(), Definition: text,
		Query:   map[string]any{"query": text, "refId": "Variable-" + name},
		Refresh: 2, Sort: 7, Current: map[string]any{}, Options: []string{},
	}
}

// every makes a variable multi-value. All values are selected initially.
func every(v variable, all string) variable {
	v.Multi, v.IncludeAll, v.AllValue = true, true, all
	v.Current = map[string]any{"text": []string{"All"}, "value": []string{"$__all"}}
	return v
}

func hidden(v variable) variable {
	v.Hide, v.SkipSync = 2, true
	return v
}

// sourceVariable selects the Prometheus data source, initially the default one.
func sourceVariable() variable {
	return variable{
		Name: "datasource", Label: "Prometheus", Type: "datasource", Query: "prometheus",
		Refresh: 1, Current: map[string]any{}, Options: []string{},
	}
}

func jobVariable() variable {
	v := every(labelValues("job", "Job", "job", `up{job=~"`+allJobs+`"}`), allJobs)
	v.Regex = "/^" + allJobs + "/"
	return v
}

// link is a link to another dashboard or page in Grafana's JSON.
type link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	URL         string   `json:"url"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	TargetBlank bool     `json:"targetBlank"`
	KeepTime    bool     `json:"keepTime"`
	IncludeVars bool     `json:"includeVars"`
	AsDropdown  bool     `json:"asDropdown"`
	Tags        []string `json:"tags"`
}

func boardLink(title, uid string) link {
	return link{
		Title: title, Type: "link", URL: "/d/" + uid + "?${datasource:queryparam}&${job:queryparam}", Icon: "dashboard",
		KeepTime: true, Tags: []string{},
	}
}

func runbooksLink() link {
	return link{Title: "Runbooks", Type: "link", URL: "http://${exporter}/runbooks/README", Icon: "doc", TargetBlank: true, Tags: []string{}}
}

// annotation marks points in time in all graphs.
type annotation struct{ name, title, colour, expr string }
