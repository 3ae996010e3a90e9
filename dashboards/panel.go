package dashboards

import (
	"cmp"
	"strconv"
)

// kind is the type of a panel. All of them are built into Grafana.
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
	title       string // 30 characters or fewer
	description string // what it shows and what is normal
	alerts      []string
	w, h        int
	queries     []query
	field       field
	overrides   []override
	showNames   bool   // for a stat: show the names of the values
	vertical    bool   // for a stat: stack the values vertically
	sizes       *sizes // text sizes of a stat; nil lets Grafana choose
	bars        bool   // for a graph: draw bars
	showLimits  bool   // for a graph: draw the thresholds
	interval    string // min step of the queries
	timeFrom    string // fixed time range, regardless of the one selected
	columns     []column
	sort        string // column that the table is sorted by, descending
}

// instant reports whether the panel uses instant queries. A value that is no longer known is then
// absent, and no older value is shown in its place.
func (p *panel) instant() bool { return p.kind == stat || p.kind == gauge || p.kind == table }

// sizes are the text sizes of the names and values of a stat, in pixels. Grafana's own choice suits a
// value alone, but is too small to read for names, or where a name and its value share a line.
type sizes struct{ name, value int }

// detail returns the sizes for secondary information.
func detail() *sizes { return &sizes{14, 20} }

// query is one query, and the legend of its series.
type query struct{ name, expr string }

// field is how to display values.
type field struct {
	unit        string
	decimals    *int
	min, max    *float64
	softMax     *float64 // for a graph: the axis ends here or higher
	steps       []step   // colours by value; the first also covers lower values
	colour      string   // fixed colour
	mappings    []valueMapping
	noValue     string // text for a missing value, in grey
	emptyText   string // shown by a panel without any value if noValue is empty
	displayName string // readable series name
	width       int    // column width in pixels
	links       []dataLink
	dashed      bool
	line        bool // for a series of a graph with bars: a line
	right       bool // axis on the right
	background  bool // for a column: coloured background
}

// fewest is the end of an axis of small counts, so that its ticks are integers.
const fewest = 4.0

// step is a threshold: the colour of values from a value upwards.
type step struct {
	from   float64
	colour string
}

// valueMapping maps a value, or a range of values, to a text and a colour.
type valueMapping struct {
	value  float64
	to     *float64 // end of the range; nil for a single value
	text   string
	colour string
	short  string // shown in place of a long state name
}

// override is the field settings for the series of one name.
type override struct {
	name string
	field
}

// column is a column of a table: a label or the value of a query, and a heading.
type column struct{ source, title string }

// dataLink is a link on a value.
type dataLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

// The colours by meaning.
const (
	good     = "green"
	minor    = "yellow"
	bad      = "orange"
	critical = "red"
	note     = "blue"
	unknown  = "#7b8087"
	plain    = "text" // text colour of the light or dark theme
)

func ptr[T any](v T) *T { return &v }

// refID is the name of the i-th query of a panel: A, B, C.
func refID(i int) string { return string(rune('A' + i)) }

// valueOf is Grafana's field name for the value of the i-th query in a table.
func valueOf(i int) string { return "Value #" + refID(i) }

// limits returns thresholds for values where higher is worse.
func limits(steps ...step) []step { return append([]step{{0, good}}, steps...) }

// enum converts a state metric, which has one series per state and the value 1 for the current one, to a
// number: the position in the list, starting at 1.
type enum []valueMapping

func (e enum) number(i int) float64 { return float64(i + 1) }

// expr returns the number of the state. Of several it returns the worst, because the list is sorted.
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

// mappings returns the value mappings of the numbers.
func (e enum) mappings(more ...valueMapping) []valueMapping {
	for i, w := range e {
		more = append(more, valueMapping{value: e.number(i), text: cmp.Or(w.short, spaced(w.text)), colour: w.colour})
	}
	return more
}
