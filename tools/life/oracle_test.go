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
		r := replay(c.spans, c.told)
		if late := r.sums().late; late != c.want {
			t.Errorf("%s: %d ends late, want %d: %v", name, late, c.want, r.late)
		}
	}
}

// replay plays half a day of a node with these conditions and messages.
func replay(spans []span, messages []told) *report {
	o := newOracle(&moment{})
	for minute := range 12 * hour {
		now := time.Unix(0, 0).Add(time.Duration(minute) * time.Minute)
		for _, x := range messages {
			if x.minute == minute {
				o.receive(x.message(now))
			}
		}
		truth := map[string]bool{}
		for _, s := range spans {
			truth[s.condition] = truth[s.condition] || s.from <= minute && minute < s.to
		}
		o.step(&moment{minute: minute, time: now, nodes: []nodeMoment{{node: &node{name: "n"}, truth: truth}}})
	}
	r := newReport(Config{})
	r.add(0, o, 12*hour)
	return r
}

// TestLimits checks what the oracle demands of the messages about an outage.
func TestLimits(t *testing.T) {
	critical := func(minute int, name string) told { return told{minute, "critical", name, false} }
	warning := func(minute int, name string) told { return told{minute, "warning", name, false} }
	over := func(minute int, name string) told { return told{minute, "critical", name, true} }
	dead := []span{{"dead", 10, 100}}
	for name, c := range map[string]struct {
		spans []span
		told  []told
		want  sums
	}{
		"told in time":         {dead, []told{critical(14, "DaemonDown"), over(102, "DaemonDown")}, sums{messages: 1, alerts: 1}},
		"told late":            {dead, []told{critical(23, "DaemonDown"), over(102, "DaemonDown")}, sums{slow: 2, messages: 1, alerts: 1}},
		"never told":           {dead, nil, sums{missed: 1}},
		"too short for it":     {[]span{{"dead", 10, 16}}, nil, sums{}},
		"long enough":          {[]span{{"dead", 10, 18}}, nil, sums{missed: 1}},
		"its port is no cause": {dead, []told{critical(14, "PortUnreachable"), over(102, "PortUnreachable")}, sums{missed: 1}},
		"its port is none, but may be told too": {
			dead, []told{critical(14, "DaemonDown"), warning(30, "PortUnreachable"), over(102, "DaemonDown")}, sums{messages: 2, alerts: 2},
		},
		"nor is what was told about its port before": {
			[]span{{"port closed", 1, 20}, {"dead", 20, 100}}, []told{critical(18, "PortUnreachable"), over(102, "PortUnreachable")}, sums{missed: 1},
		},
		"a critical alert is no second message": {
			[]span{{"port closed", 10, 100}},
			[]told{warning(15, "PortUnreachable"), critical(36, "PortUnreachable"), over(102, "PortUnreachable")},
			sums{messages: 1, alerts: 1},
		},
		"the critical one is late": {
			[]span{{"port closed", 10, 100}},
			[]told{warning(15, "PortUnreachable"), critical(56, "PortUnreachable"), over(102, "PortUnreachable")},
			sums{slow: 1, messages: 1, alerts: 1},
		},
		"a hidden time does not count": {
			[]span{{"port closed", 10, 400}, {"exporter down", 12, 200}},
			[]told{critical(17, "ExporterDown"), over(201, "ExporterDown"), warning(206, "PortUnreachable"), critical(227, "PortUnreachable"), over(402, "PortUnreachable")},
			sums{messages: 1, alerts: 1},
		},
	} {
		got := replay(c.spans, c.told).sums()
		if got.falseCriticals, got.late, got.warnings = 0, 0, 0; got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	kept := sums{missed: 1, messages: 1}
	if (sums{missed: 2}).within(kept) || (sums{slow: 1}).within(kept) || (sums{messages: 1.1}).within(kept) || !(sums{missed: 1, messages: 1}).within(kept) {
		t.Error("limits are not compared")
	}
}

// TestSlowKinds checks that outages that are all told a bit later are found, though each is within its limit.
func TestSlowKinds(t *testing.T) {
	for after, want := range map[int]int{4: 0, 6: 2} {
		spans, messages := []span{}, []told{}
		for begin := 10; begin < 600; begin += 200 {
			spans = append(spans, span{"dead", begin, begin + 60})
			messages = append(messages, told{begin + after, "critical", "DaemonDown", false}, told{begin + 62, "critical", "DaemonDown", true})
		}
		if got := replay(spans, messages).sums().slow; got != want {
			t.Errorf("told after %d minutes: %d slow, want %d", after, got, want)
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
