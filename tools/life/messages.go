package life

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"
)

// receive judges a message.
func (o *oracle) receive(m message) {
	if m.receiver == "nobody" || m.receiver == "dead-mans-switch" {
		return
	}
	before, now := o.firing[m.group], map[model.Fingerprint]*alert.Alert{}
	fresh, healthy := []*alert.Alert{}, map[string]bool{}
	for _, a := range m.alerts {
		if a.ResolvedAt(m.at) {
			continue
		}
		now[a.Fingerprint()] = a
		o.credit(a, m.at)
		if before[a.Fingerprint()] == nil {
			fresh = append(fresh, a)
			isTrue := o.judge(a, m.at)
			if !o.unwell(string(a.Labels["node"]), m.at) {
				key := string(a.Labels["severity"] + " " + a.Labels["alertname"])
				healthy[key] = healthy[key] || !isTrue
			}
		}
	}
	for key, isFalse := range healthy {
		o.healthy[key]++
		if isFalse {
			o.alarms[key]++
		}
	}
	for fp, a := range before {
		if now[fp] == nil { // what the message does not list is over, or muted by something worse that it lists
			o.ended(a, m.at)
		}
	}
	o.firing[m.group] = now
	for i := range o.messages {
		if slices.ContainsFunc(fresh, func(a *alert.Alert) bool { return index(a) == i }) {
			o.messages[i]++
		}
	}
	o.count(fresh)
}

// index is 1 for a critical alert.
func index(a *alert.Alert) int {
	if a.Labels["severity"] == "critical" {
		return 1
	}
	return 0
}

// around calls do for each episode that is open or ended within the given time.
func (o *oracle) around(now time.Time, ago time.Duration, do func(*episode)) {
	for _, e := range o.open {
		do(e)
	}
	for i := len(o.done) - 1; i >= 0 && now.Sub(o.done[i].end) < 24*time.Hour; i-- {
		if now.Sub(o.done[i].end) <= ago {
			do(o.done[i])
		}
	}
}

// credit counts an alert for the episodes that it reports.
func (o *oracle) credit(a *alert.Alert, now time.Time) {
	o.around(now, late, func(e *episode) {
		if !about(a, e.node) || !e.explains(string(a.Labels["alertname"]), string(a.Labels["severity"])) {
			return
		}
		if e.end.IsZero() || !o.stays(a.Fingerprint()) {
			e.explained[a.Fingerprint()] = a
		}
		e.tell(a, now)
	})
}

// tell notes that an alert was sent, if it tells the condition.
func (e *episode) tell(a *alert.Alert, now time.Time) {
	if !e.tells.matches(string(a.Labels["alertname"]), string(a.Labels["severity"])) {
		return
	}
	for i := range e.told {
		if e.told[i].at.IsZero() && i <= index(a) {
			e.told[i].at = now
			if e.run > 0 {
				e.told[i].after = max(0, now.Sub(e.seen))
			}
		}
	}
}

// count counts a message with new alerts for the outages that explain them.
func (o *oracle) count(fresh []*alert.Alert) {
	for _, e := range o.open {
		before := len(e.names)
		for _, a := range fresh {
			name := string(a.Labels["alertname"])
			if about(a, e.node) && e.explains(name, string(a.Labels["severity"])) && !slices.Contains(e.names, name) {
				e.names = append(e.names, name)
			}
		}
		if len(e.names) > before {
			e.messages++
		}
	}
}

// endSilently counts alerts that ended without a message, because another one about the node muted them.
func (o *oracle) endSilently(alerts []*alert.Alert) {
	for _, a := range alerts {
		o.around(o.now.time, 6*time.Hour, func(e *episode) {
			if e.explained[a.Fingerprint()] != nil {
				delete(e.explained, a.Fingerprint())
				e.silent++
			}
		})
	}
}

// ended counts the end of an alert for the episodes that it reported. A critical alert mutes the warnings of its name, and
// its end is theirs.
func (o *oracle) ended(a *alert.Alert, now time.Time) {
	o.around(now, 6*time.Hour, func(e *episode) {
		if e.explained[a.Fingerprint()] != nil {
			delete(e.explained, a.Fingerprint())
			if !e.end.IsZero() {
				e.over, e.ended = now, a
			}
			if index(a) == 1 {
				maps.DeleteFunc(e.explained, func(_ model.Fingerprint, other *alert.Alert) bool {
					return index(other) == 0 && other.Labels["alertname"] == a.Labels["alertname"] && other.Labels["node"] == a.Labels["node"]
				})
			}
		}
	})
}
