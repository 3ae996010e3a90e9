package life

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// overdue is how long after its end an outage may be reported as resolved: the goal of 5 minutes, plus group_interval.
const overdue = 6 * time.Minute

// report is the sum over all fleets.
type report struct {
	seed        uint64
	rate        float64 // how many times as often as in life events happen
	nodeMinutes int
	fleets      int
	outages     map[string]*outages
	wrong       map[string]*wrong // by severity and alert
	healthy     map[string]int    // messages about healthy nodes, by severity and alert
	alarms      map[string]int    // those of them that were false
	calm        int               // minutes of healthy nodes
	messages    [2]int
	slow        []string // messages later than their limit, and where
	late        []string // ends reported late, or never, with what is known about them
}

// outages are all episodes of one condition that the owner had to know.
type outages struct {
	must                    string // severity, and minutes after which it is required
	count, reported, missed int
	first, critical, end    []time.Duration
	late, noEnd, silent     int
	slow                    int
	limits                  [2]limit
	told, messages, alerts  int // of those that were not reported before they began
}

// wrong are the messages with one alert that were false when they were sent.
type wrong struct {
	over, never int
	during      map[string][]string // where, by what was true then
}

func newReport(config Config) *report {
	return &report{seed: config.Seed, rate: cmp.Or(config.Rate, 1), outages: map[string]*outages{}, wrong: map[string]*wrong{}, healthy: map[string]int{}, alarms: map[string]int{}}
}

// add adds the fleet with an index.
func (r *report) add(index int, o *oracle, minutes int) {
	r.fleets++
	r.nodeMinutes += minutes * len(o.now.nodes)
	r.calm += o.minutes
	for i := range r.messages {
		r.messages[i] += o.messages[i]
	}
	for k, n := range o.healthy {
		r.healthy[k] += n
		r.alarms[k] += o.alarms[k]
	}
	place := func(t time.Time) string { return fmt.Sprintf("fleet %d, minute %.0f", index, t.Sub(o.start).Minutes()) }
	for _, e := range o.done {
		r.addEpisode(e, place(e.begin), o.now.time)
		r.addLate(o, e, place(e.end))
	}
	for _, v := range o.false {
		key := string(v.alert.Labels["severity"]) + " " + strings.TrimPrefix(string(v.alert.Labels["alertname"]), prefix)
		w := r.wrong[key]
		if w == nil {
			w = &wrong{during: map[string][]string{}}
			r.wrong[key] = w
		}
		situation := strings.Join(v.during, ", ")
		if v.over != "" {
			w.over++
			situation = "over: " + v.over
		} else {
			w.never++
		}
		w.during[situation] = append(w.during[situation], place(v.at))
	}
}

func (r *report) addEpisode(e *episode, place string, last time.Time) {
	if e.must == "" || e.visible < e.after {
		return
	}
	t := r.outages[e.name]
	if t == nil {
		t = &outages{must: fmt.Sprintf("%s, %d min", e.must, e.after), limits: e.limits}
		r.outages[e.name] = t
	}
	t.count++
	if e.missed() {
		t.missed++
		r.slow = append(r.slow, e.name+": missed; "+place)
	} else {
		t.reported++
	}
	if e.continued {
		return
	}
	for _, what := range e.slow() {
		t.slow++
		r.slow = append(r.slow, what+"; "+place)
	}
	if !e.told[0].at.IsZero() {
		t.told, t.messages, t.alerts = t.told+1, t.messages+e.messages, t.alerts+len(e.names)
		t.first = append(t.first, e.told[0].after)
		if !e.over.IsZero() {
			t.end = append(t.end, e.over.Sub(e.end))
			if e.late() {
				t.late++
			}
		}
		if e.never(last) {
			t.noEnd++
		} else if e.over.IsZero() && e.silent > 0 {
			t.silent++
		}
	}
	if !e.told[1].at.IsZero() {
		t.critical = append(t.critical, e.told[1].after)
	}
}

// late reports whether its end was reported too late after it could be known.
func (e *episode) late() bool {
	return !e.over.IsZero() && e.over.Sub(e.known) > e.overdue()
}

// never reports whether an alert of it has not ended, though that was due when the run ended.
func (e *episode) never(last time.Time) bool {
	return len(e.explained) > 0 && last.Sub(e.known) > e.overdue()
}

// overdue returns how long after its end could be known it has to be reported.
func (e *episode) overdue() time.Duration { return overdue + time.Duration(e.settles)*time.Minute }

func (r *report) print(out io.Writer) {
	fmt.Fprintf(out, "\nSeed %d: %.1f node-months in %d fleets, events %g times as often as in life, %d critical messages and %d warnings.\n",
		r.seed, float64(r.nodeMinutes)/month, r.fleets, r.rate, r.messages[1], r.messages[0])
	fmt.Fprintf(out, "At the rate of life: %s.\n\n", r.sums())
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "outage\trequired\tcount\treported\tmissed\tfirst message\tp99\tcritical\tp99\tresolved\tp99\tlate\tnever\tslow\tmessages\talerts\t")
	all := &outages{}
	for _, name := range slices.Sorted(maps.Keys(r.outages)) {
		t := r.outages[name]
		t.row(w, name)
		all.count, all.reported, all.missed = all.count+t.count, all.reported+t.reported, all.missed+t.missed
		all.late, all.noEnd, all.silent = all.late+t.late, all.noEnd+t.noEnd, all.silent+t.silent
		all.slow, all.told, all.messages, all.alerts = all.slow+t.slow, all.told+t.told, all.messages+t.messages, all.alerts+t.alerts
		all.first, all.critical, all.end = append(all.first, t.first...), append(all.critical, t.critical...), append(all.end, t.end...)
	}
	all.row(w, "all")
	w.Flush()
	fmt.Fprintf(out, "\nRequired: severity of the message, and how long the outage has to last for that. Times are in minutes, median and 99th percentile. Late: reported as resolved more than %.0f minutes after its end could be known. Never: an alert of it was not reported as resolved within 6 hours. Slow: told later than its limit. Messages: those with an alert that no earlier one about the outage had, and how many different alerts they had. The ends of %d outages had no message, because another alert about the node muted theirs when it ended.\n", overdue.Minutes(), all.silent)
	r.printSlow(out)
	r.printLate(out)
	r.printWrong(out)
	r.printHealthy(out)
}

func (t *outages) row(w io.Writer, name string) {
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%.1f\t%.1f\t\n", name, t.must, t.count, t.reported, t.missed,
		inMinutes(t.first, 0.5), inMinutes(t.first, 0.99), inMinutes(t.critical, 0.5), inMinutes(t.critical, 0.99),
		inMinutes(t.end, 0.5), inMinutes(t.end, 0.99), t.late, t.noEnd,
		t.slow, float64(t.messages)/float64(max(1, t.told)), float64(t.alerts)/float64(max(1, t.told)))
}

// addLate notes an end that was reported late, or never, by the alert, and by what was true about the node
// meanwhile, in minutes from that end.
func (r *report) addLate(o *oracle, e *episode, place string) {
	if e.must == "" || e.visible < e.after || e.continued || e.told[0].at.IsZero() {
		return
	}
	until := e.end.Add(6 * time.Hour)
	var what []string
	switch {
	case e.never(o.now.time):
		for _, a := range e.explained {
			what = append(what, string(a.Labels["severity"]+" "+a.Labels["alertname"]))
		}
		slices.Sort(what)
		what = append([]string{e.name + ", never:"}, what...)
	case e.late():
		until = e.over
		what = []string{fmt.Sprintf("%s, %.0f min:", e.name, e.over.Sub(e.end).Minutes()), string(e.ended.Labels["severity"] + " " + e.ended.Labels["alertname"])}
	default:
		return
	}
	for _, other := range o.done {
		if other != e && (other.node == e.node || other.node == "") && other.begin.Before(until) && !other.end.Before(e.end) {
			what = append(what, fmt.Sprintf("; %s %+.0f to %+.0f", other.name, other.begin.Sub(e.end).Minutes(), other.end.Sub(e.end).Minutes()))
		}
	}
	r.late = append(r.late, strings.Join(what, " ")+"; "+place)
}

func (r *report) printLate(out io.Writer) {
	if len(r.late) > 0 {
		fmt.Fprintln(out, "\nEnds that were reported late or never:")
	}
	for _, what := range slices.Sorted(slices.Values(r.late)) {
		fmt.Fprintf(out, "      %s\n", what)
	}
}

// quantile returns one of a list that is not empty.
func quantile(list []time.Duration, q float64) time.Duration {
	return slices.Sorted(slices.Values(list))[int(q*float64(len(list)-1)+0.5)]
}

// inMinutes prints a quantile.
func inMinutes(list []time.Duration, q float64) string {
	if len(list) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", quantile(list, q).Minutes())
}

func (r *report) printWrong(out io.Writer) {
	fmt.Fprintln(out, "\nMessages that were false when sent, by alert: its cause was over for more than 3 minutes, or there was none.")
	keys := slices.SortedFunc(maps.Keys(r.wrong), func(a, b string) int {
		x, y := r.wrong[a], r.wrong[b]
		return cmp.Or(cmp.Compare(a[:4], b[:4]), cmp.Compare(y.over+y.never, x.over+x.never), cmp.Compare(a, b))
	})
	for _, k := range keys {
		x := r.wrong[k]
		fmt.Fprintf(out, "%4d  %s: over %d, none %d\n", x.over+x.never, k, x.over, x.never)
		reasons := slices.SortedFunc(maps.Keys(x.during), func(a, b string) int {
			return cmp.Or(cmp.Compare(len(x.during[b]), len(x.during[a])), cmp.Compare(a, b))
		})
		for i, d := range reasons {
			if i == 6 {
				fmt.Fprintf(out, "          and %d other situations\n", len(reasons)-i)
				break
			}
			fmt.Fprintf(out, "          %d: %s; first in %s\n", len(x.during[d]), cmp.Or(d, "nothing happened"), slices.Min(x.during[d]))
		}
	}
}

func (r *report) printHealthy(out io.Writer) {
	fmt.Fprintf(out, "\nMessages per month about nodes with nothing wrong within the last hour (%.1f node-months):\n", float64(r.calm)/month)
	for _, k := range slices.SortedFunc(maps.Keys(r.healthy), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.healthy[b], r.healthy[a]), cmp.Compare(a, b))
	}) {
		fmt.Fprintf(out, "%6.2f  %s", float64(r.healthy[k])*month/float64(max(1, r.calm)), k)
		if n := r.alarms[k]; n > 0 {
			fmt.Fprintf(out, " (%d of %d false)", n, r.healthy[k])
		}
		fmt.Fprintln(out)
	}
}
