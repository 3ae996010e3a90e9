package life

import (
	"testing"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"
)

// span is a condition of the node, from one minute to another.
type span struct {
	condition string
	from, to  int
}

// told is a message with one alert about the node, at a minute. It says that the alert fires, or that it is over.
type told struct {
	minute    int
	severity  string
	alertname string
	over      bool
}

// TestLateEnds checks which ends the oracle calls late. It is lenient only where the owner could not know more.
func TestLateEnds(t *testing.T) {
	for name, c := range map[string]struct {
		spans []span
		told  []told
		want  int
	}{
		"told at once": {[]span{{"fork", 10, 100}}, []told{{30, "critical", "ChainForked", false}, {102, "critical", "ChainForked", true}}, 0},
		"told late":    {[]span{{"fork", 10, 100}}, []told{{30, "critical", "ChainForked", false}, {118, "critical", "ChainForked", true}}, 1},
		"never told":   {[]span{{"fork", 10, 100}}, []told{{30, "critical", "ChainForked", false}}, 1},
		"a restart interrupts it, and it goes on": {
			[]span{{"fork", 10, 100}, {"stuck warm-up", 100, 160}, {"fork", 160, 300}},
			[]told{{30, "critical", "ChainForked", false}, {302, "critical", "ChainForked", true}},
			0,
		},
		"a restart ends it, and it is told late": {
			[]span{{"fork", 10, 100}, {"stuck warm-up", 100, 160}},
			[]told{{30, "critical", "ChainForked", false}, {178, "critical", "ChainForked", true}},
			1,
		},
		"a restart ends it, and it is told in time": {
			[]span{{"fork", 10, 100}, {"stuck warm-up", 100, 160}},
			[]told{{30, "critical", "ChainForked", false}, {165, "critical", "ChainForked", true}},
			0,
		},
		"it begins again within minutes": {
			[]span{{"behind", 10, 100}, {"behind", 105, 300}},
			[]told{{30, "critical", "ChainBehind", false}, {302, "critical", "ChainBehind", true}},
			0,
		},
		"it begins again within hours": {
			[]span{{"behind", 10, 100}, {"behind", 200, 300}},
			[]told{{30, "critical", "ChainBehind", false}, {302, "critical", "ChainBehind", true}},
			1,
		},
		"a message after its end is about something else": {
			[]span{{"fork", 10, 100}, {"behind", 90, 300}},
			[]told{
				{30, "critical", "ChainForked", false},
				{101, "critical", "ChainForked", true},
				{102, "warning", "ExplorersDisagree", false},
				{302, "warning", "ExplorersDisagree", true},
			},
			0,
		},
		"a crash loop may go on for 20 minutes": {
			[]span{{"crash loop", 10, 100}},
			[]told{{30, "critical", "DaemonRestarting", false}, {120, "critical", "DaemonRestarting", true}},
			0,
		},
		"a crash loop does not go on for 40 minutes": {
			[]span{{"crash loop", 10, 100}},
			[]told{{30, "critical", "DaemonRestarting", false}, {140, "critical", "DaemonRestarting", true}},
			1,
		},
		"a ban replaces the last strike": {
			[]span{{"one strike left", 10, 100}, {"banned", 100, 300}},
			[]told{{12, "critical", "SmartnodeOneStrikeLeft", false}, {101, "critical", "SmartnodePoSeBanned", false}, {302, "critical", "SmartnodePoSeBanned", true}},
			0,
		},
		"no ban replaces the last strike": {
			[]span{{"one strike left", 10, 100}}, []told{{12, "critical", "SmartnodeOneStrikeLeft", false}}, 1,
		},
		"the end of a critical alert is that of the warning": {
			[]span{{"port closed", 10, 200}},
			[]told{{15, "warning", "PortUnreachable", false}, {36, "critical", "PortUnreachable", false}, {204, "critical", "PortUnreachable", true}},
			0,
		},
	} {
		o := newOracle(&moment{})
		for minute := range 12 * hour {
			now := time.Unix(0, 0).Add(time.Duration(minute) * time.Minute)
			for _, x := range c.told {
				if x.minute == minute {
					o.receive(x.message(now))
				}
			}
			truth := map[string]bool{}
			for _, s := range c.spans {
				truth[s.condition] = truth[s.condition] || s.from <= minute && minute < s.to
			}
			o.step(&moment{minute: minute, time: now, nodes: []nodeMoment{{node: &node{name: "n"}, truth: truth}}})
		}
		r := newReport(Config{})
		r.add(o, 12*hour)
		if _, _, late, _ := r.sums(); late != c.want {
			t.Errorf("%s: %d ends late, want %d: %v", name, late, c.want, r.late)
		}
	}
}

// message returns it as Alertmanager sends it.
func (x told) message(now time.Time) message {
	a := &alert.Alert{}
	a.Labels = model.LabelSet{"alertname": prefix + model.LabelValue(x.alertname), "severity": model.LabelValue(x.severity), "node": "n"}
	a.StartsAt = time.Unix(0, 0)
	if x.over {
		a.EndsAt = now
	}
	return message{at: now, receiver: x.severity, group: x.severity, alerts: []*alert.Alert{a}}
}
