package dashboards

import (
	"cmp"
	"strconv"
)

// kind is the type of a panel; all of them are part of Grafana.
type kind string

const (
	stat     kind = "stat"
	gauge    kind = "gauge"
	graph    kind = "timeseries"
	timeline kind = "state-timeline"
	table    kind = "table"
)

// panel is one panel.
type panel struct {
	kind        kind
	title       string // short
	description string // what it shows and what is normal
	alerts      []string
	w, h        int
	queries     []query
	field       field
	overrides   []override
	showNames   bool   // a stat that shows the names of its values beside them
	vertical    bool   // a stat whose values stand one below the other
	sizes       *sizes // of the text of a stat; nil lets Grafana choose
	bars        bool   // a graph of bars
	showLimits  bool   // a graph that draws its limits
	interval    string // the least step of its queries
	timeFrom    string // it looks this far back, whatever range is chosen
	columns     []column
	sort        string // the column that the table begins with, largest first
}

// instant tells whether the panel asks for the present only. Then a value that is no longer known is
// absent, and no older one is shown in its place.
func (p *panel) instant() bool { return p.kind == stat || p.kind == gauge || p.kind == table }

// sizes are of the names and the values of a stat, in pixels. What Grafana chooses is as large as fits
// for a value alone, and too small to be read for names, or where a name and its value share a line.
type sizes struct{ name, value int }

// detail are the sizes of what is not for the first glance.
func detail() *sizes { return &sizes{14, 20} }

// query is one question, and the name of the series that answer.
type query struct{ name, expr string }

// field says how to read values.
type field struct {
	unit        string
	decimals    *int
	min, max    *float64
	steps       []step // colours by value, the first from the least on
	colour      string // one colour for all
	mappings    []valueMapping
	noValue     string // the word for a value that there is not, grey
	emptyText   string // shown by a panel without any value, if it has no such word
	displayName string // a name in words
	width       int    // of a column
	links       []dataLink
	dashed      bool
	right       bool // its axis is on the right
	background  bool // a column whose background is coloured
}

// step is the colour from a value on.
type step struct {
	from   float64
	colour string
}

// word stands for one value, or for all from it up to another.
type valueMapping struct {
	value  float64
	to     *float64 // nil: only that value
	text   string
	colour string
	short  string // shown in place of the text of a state, where that is long
}

// override is how the series of one name differ from the others.
type override struct {
	name string
	field
}

// column is a label or the value of a query in a table: their order, and a heading.
type column struct{ source, title string }

// dataLink leads from a value somewhere else.
type dataLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

// The colours, by meaning.
const (
	good     = "green"
	minor    = "yellow"
	bad      = "orange"
	critical = "red"
	note     = "blue"
	unknown  = "#7b8087"
	plain    = "text" // that of the text, be the theme light or dark
)

func ptr[T any](v T) *T { return &v }

// refID names the queries of a panel: A, B, C.
func refID(i int) string { return string(rune('A' + i)) }

// valueOf is what Grafana calls the value of a panel's query in a table.
func valueOf(i int) string { return "Value #" + refID(i) }

// limits are the steps of values of which more is worse.
func limits(steps ...step) []step { return append([]step{{0, good}}, steps...) }

// enum is a state that a metric tells by its label state, of which one is 1, as a number: the place in
// the list, from 1 on.
type enum []valueMapping

func (e enum) number(i int) float64 { return float64(i + 1) }

// expr is the number of the state; the worst of several, since the list ends with the worst.
func (e enum) expr(metric func(name string, labels ...string) string, name, label, by string) string {
	text := ""
	for i := range e {
		if i > 0 {
			text += " or "
		}
		text += strconv.Itoa(i+1) + " * (" + metric(name, label+`="`+e[i].text+`"`) + " == 1)"
	}
	return "max" + by + " (" + text + ")"
}

// words are what the numbers mean.
func (e enum) mappings(more ...valueMapping) []valueMapping {
	for i, w := range e {
		more = append(more, valueMapping{value: e.number(i), text: cmp.Or(w.short, spaced(w.text)), colour: w.colour})
	}
	return more
}
