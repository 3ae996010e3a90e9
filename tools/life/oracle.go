package life

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"
)

// late is how long after its end something may still be reported as new: a scrape, an evaluation and group_wait.
const late = 3 * time.Minute

// episode is a time in which a condition was true.
type episode struct {
	*condition
	node       string // empty: of the fleet
	begin, end time.Time
	seen       time.Time // the first of the minutes until now, or the end, in which nothing hid it
	visible    int       // the longest time in minutes in which nothing hid it
	run        int
	due        time.Time  // when it had been visible for long enough that the owner has to know
	told       [2]telling // by the first message that tells it, and by the first critical one
	names      []string   // alerts that were new in messages while it lasted, and that it explains
	messages   int        // that had such an alert, other than those before
	continued  bool       // reported before it began, by an alert with another cause
	over       time.Time  // of the last message that reports its end
	known      time.Time  // when nothing hid any more that it was over
	explained  map[model.Fingerprint]*alert.Alert
	ended      *alert.Alert // the last of them that did
	silent     int          // those that ended while another alert muted them
}

// telling is when a condition was told, and after how long without anything that hid it.
type telling struct {
	at    time.Time
	after time.Duration
}

// oracle knows what is true about a fleet, and compares the messages with it.
type oracle struct {
	start time.Time
	now   *moment
	table map[string]*condition
	names []string // of the table, in a fixed order
	open  map[[2]string]*episode
	done  []*episode
	dark  []*episode // of those, the ones whose end is still hidden

	firing   map[string]map[model.Fingerprint]*alert.Alert // by group: what the last message said
	false    []verdict
	messages [2]int         // that report something new: warning, critical
	healthy  map[string]int // by severity and alert, those about nodes with nothing wrong
	alarms   map[string]int // those of them that were false
	minutes  int            // of healthy nodes
	sick     map[string]time.Time

	shown [2]int // number of false verdicts and of done episodes that problems has returned
}

func newOracle(m *moment) *oracle {
	table := conditionTable()
	return &oracle{
		start: m.time, now: m, table: table, names: slices.Sorted(maps.Keys(table)), open: map[[2]string]*episode{}, firing: map[string]map[model.Fingerprint]*alert.Alert{},
		healthy: map[string]int{}, alarms: map[string]int{}, sick: map[string]time.Time{},
	}
}

// step moves to the next minute, and opens and closes episodes.
func (o *oracle) step(m *moment) {
	o.now = m
	now := m.time
	o.update("", m.truth, now, false)
	for _, n := range m.nodes {
		o.update(n.name, n.truth, now, n.unscraped)
		sick := slices.ContainsFunc(slices.Collect(maps.Keys(n.truth)), func(c string) bool { return n.truth[c] })
		if sick || len(n.now) > 0 {
			o.sick[n.name] = now
		}
		if !o.unwell(n.name, now) {
			o.minutes++
		}
	}
}

// unwell reports whether a node, or any node if it is empty, was unhealthy within the last hour.
func (o *oracle) unwell(node string, now time.Time) bool {
	for name, last := range o.sick {
		if (node == "" || name == node) && now.Sub(last) < time.Hour {
			return true
		}
	}
	return false
}

func (o *oracle) update(node string, truth map[string]bool, now time.Time, unscraped bool) {
	rank := 9 // of what hides the rest
	for name, is := range truth {
		if is {
			rank = min(rank, o.table[name].rank)
		}
	}
	if o.now.down {
		rank = 0
	}
	o.dark = slices.DeleteFunc(o.dark, func(e *episode) bool {
		if e.node != node || rank < e.rank || unscraped || e.asks && o.now.silent() > 0 {
			return false
		}
		if e.known = now; truth[e.name] { // only interrupted
			clear(e.explained)
		}
		return true
	})
	for _, name := range o.names {
		is, key := truth[name], [2]string{node, name}
		e := o.open[key]
		switch {
		case is && e == nil:
			e = &episode{condition: o.table[name], node: node, begin: now, explained: map[model.Fingerprint]*alert.Alert{}}
			o.open[key] = e
			o.continues(e, now)
		case !is && e != nil:
			delete(o.open, key)
			o.close(e, now, rank < e.rank || unscraped || e.asks && o.now.silent() > 0)
		}
		if is {
			e.run++
			if rank < e.rank || e.asks && o.now.silent() == len(o.now.nodes) {
				e.run = 0
			} else if e.run == 1 {
				e.seen = now
			}
			e.visible = max(e.visible, e.run)
			if e.run == e.after && e.due.IsZero() {
				e.due = now
			}
		}
	}
}

// close ends an episode. Alerts that another episode explains have no reason to end with it.
func (o *oracle) close(e *episode, now time.Time, hidden bool) {
	e.end, e.known = now, now
	o.done = append(o.done, e)
	if hidden {
		o.dark = append(o.dark, e)
	}
	for fp := range e.explained {
		if o.stays(fp) {
			delete(e.explained, fp)
		}
	}
}

// stays reports whether an episode that goes on explains an alert.
func (o *oracle) stays(fp model.Fingerprint) bool {
	for _, e := range o.open {
		if e.explained[fp] != nil {
			return true
		}
	}
	return false
}

// continues marks an episode as reported if an alert that explains it already fires. The alert has no reason any more to
// end with one that was over a short time ago.
func (o *oracle) continues(e *episode, now time.Time) {
	for _, group := range o.firing {
		for fp, a := range group {
			if about(a, e.node) && e.explains(string(a.Labels["alertname"]), string(a.Labels["severity"])) {
				e.explained[fp] = a
				e.tell(a, now)
				e.continued = !e.told[0].at.IsZero()
				o.around(now, overdue, func(other *episode) {
					if !other.end.IsZero() {
						delete(other.explained, fp)
					}
				})
			}
		}
	}
}

// about reports whether an alert may concern a node, or the fleet if node is empty.
func about(a *alert.Alert, node string) bool {
	return node == "" || a.Labels["node"] == "" || string(a.Labels["node"]) == node
}
