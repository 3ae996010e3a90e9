package dashboards

import (
	"fmt"
	"testing"
)

// screen returns a dashboard as Grafana reads it.
func screen(t *testing.T, file string) *Screen {
	t.Helper()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(files[file])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestShow expects the results of Grafana's own display processor (@grafana/data 12) for the same JSON.
func TestShow(t *testing.T) {
	type labels = map[string]string
	for _, test := range []struct {
		file, panel, refID string
		labels             labels
		value              any
		want               Shown
	}{
		{"smartnode.json", "Verdict", "A", labels{"alert": "DaemonDown"}, actNow, Shown{"DaemonDown", "ACT NOW", critical}},
		{"smartnode.json", "Verdict", "A", labels{"alert": "no alert fires"}, allOK, Shown{"no alert fires", "OK", good}},
		{"smartnode.json", "Verdict", "A", nil, nil, Shown{"", "UNKNOWN", unknown}},
		{"smartnode.json", "Strikes left", "A", nil, 1, Shown{"", "1: LAST STRIKE", critical}},
		{"smartnode.json", "Strikes left", "A", nil, 7, Shown{"", "2: ok", good}}, // a range
		{"smartnode.json", "PoSe penalty", "A", nil, 0.339, Shown{"penalty", "34%", minor}},
		{"smartnode.json", "PoSe penalty", "A", nil, 0.34, Shown{"penalty", "34%", critical}},
		{"smartnode.json", "Daemon", "A", nil, 9, Shown{"", "hung", critical}},
		{"smartnode.json", "Daemon", "A", nil, 2, Shown{"", "slow", minor}},
		{"smartnode.json", "Verdict", "A", labels{"alert": "raptoreumd answers late"}, slow, Shown{"raptoreumd answers late", "SLOW", minor}},
		{"smartnode.json", "Uptime", "C", nil, 0.003, Shown{"oldest answer", "3 ms", good}},
		{"smartnode.json", "Uptime", "C", nil, 95, Shown{"oldest answer", "2 mins", minor}},
		{"smartnode.json", "Smartnode", "A", nil, 6, Shown{"", "IP changed", critical}},
		{"smartnode.json", "Port", "A", labels{"vantage": "paris"}, 0, Shown{"from paris", "NO HANDSHAKE", critical}},
		{"smartnode.json", "Port", "A", labels{"vantage": "self"}, 0, Shown{"from self", "NO HANDSHAKE", bad}}, // an override
		{"smartnode.json", "Explorers ahead by", "A", labels{"explorer": "e"}, -1, Shown{"e", "-1 blocks", good}},
		{"smartnode.json", "Explorers ahead by", "A", labels{"explorer": "e"}, -11, Shown{"e", "-11 blocks", note}},
		{"smartnode.json", "Explorers ahead by", "A", labels{"explorer": "e"}, 6, Shown{"e", "6 blocks", critical}},
		{"smartnode.json", "Next payment", "B", nil, 12, Shown{"ahead in queue", "12", plain}}, // an override for one of two queries
		{"smartnode.json", "Next payment", "A", nil, 5400, Shown{"in about", "1.5 hours", plain}},
		{"smartnode.json", "Next payment", "B", nil, 0, Shown{"ahead in queue", "next block", plain}},
		{"smartnode.json", "RPC latency", "A", labels{"batch": "lockfree"}, 0.0123, Shown{"lock-free calls", "12.3 ms", ""}},
		{"smartnode.json", "debug.log", "A", nil, 1234567, Shown{"height", "1234567", plain}},
		{"smartnode.json", "debug.log", "B", nil, 0.9234, Shown{"progress", "92.3%", plain}},
		{"smartnode.json", "debug.log", "E", nil, 5400, Shown{"last punished", "1.5 hours", bad}},
		{"smartnode.json", "debug.log", "A", nil, nil, Shown{"", "NOT READABLE", unknown}},
		{"smartnode.json", "Tip age", "A", nil, 2100, Shown{"age", "35 mins", critical}},
		{"smartnode.json", "Peers", "A", labels{"direction": "inbound"}, 3, Shown{"inbound", "3", critical}},
		{"smartnode.json", "Peers", "A", nil, nil, Shown{"", notReported, ""}},
		{"smartnode.json", "Data directory disk", "A", nil, 9e8, Shown{"free", "858 MiB", critical}}, // below the lowest threshold
		{"smartnode.json", "Strikes left over time", "A", nil, 0, Shown{"strikes", "BANNED", critical}},
		{"smartnode.json", "Alerts for this smartnode", "A", nil, 3, Shown{"State", "firing", critical}},
		{"smartnode.json", "Alerts for this smartnode", "A", nil, nil, Shown{"", notEvaluated, ""}},
		{"smartnode.json", "Alerts for this smartnode", "A", nil, 0, Shown{"State", "no alerts", good}},
		{"smartnode.json", why, "A", labels{"cause": "memory was low"}, 20, Shown{"Observed", "20 min", bad}},
		{"smartnode.json", why, "A", labels{"cause": "raptoreumd was restarted"}, afterMinutes + 1, Shown{"Observed", "once", bad}},
		{"smartnode.json", why, "A", labels{"cause": "raptoreumd was restarted"}, afterMinutes + 9, Shown{"Observed", "9 times", bad}},
		{"smartnode.json", why, "A", labels{"cause": "raptoreumd was restarted"}, afterMinutes + 31, Shown{"Observed", "10 times or more", bad}},
		{"smartnode.json", why, "A", nil, nothingSeen, Shown{"Observed", "nothing", unknown}},
		{"smartnode.json", why, "A", nil, possible, Shown{"Observed", "possible", note}},
		{"smartnode.json", why, "A", nil, alsoPossible, Shown{"Observed", "possible", note}},
		{"smartnode.json", why, "A", nil, noRise, Shown{"Observed", "none", unknown}},
		{"smartnode.json", why, "A", nil, notKnown, Shown{"Observed", "unknown", unknown}},
		{"smartnode.json", why, "A", nil, nil, Shown{"", notRecorded, ""}},
		{"smartnode.json", trouble90m, "A", nil, nothingSeen, Shown{"Observed", "nothing", good}},
		{"smartnode.json", trouble90m, "A", nil, 91, Shown{"Observed", "91 min", bad}},
		{"smartnode.json", earnings, "A", nil, 4150.25, Shown{"last payment", "4150 RTM", plain}},
		{"smartnode.json", earnings, "B", nil, 0.5, Shown{"expected per day", "0.500 RTM", plain}},
		{"smartnode.json", earnings, "A", nil, nil, Shown{"", "UNKNOWN", unknown}},
		{"fleet.json", allEarning, "C", nil, 0, Shown{"lost to bans per day", "0 RTM", good}},
		{"fleet.json", allEarning, "C", nil, 860, Shown{"lost to bans per day", "860 RTM", critical}},
		{"fleet.json", allEarning, "D", nil, 3, Shown{"smartnodes counted", "3", plain}},
		{"fleet.json", "Firing alerts", "A", nil, 0, Shown{"State", "OK", good}},
		{"fleet.json", "Firing alerts", "A", nil, nil, Shown{"", notEvaluated, ""}},
		{"fleet.json", "Act now", "A", nil, 0, Shown{"", "0", unknown}},
		{"fleet.json", "Act now", "A", nil, 3, Shown{"", "3", critical}},
		{"fleet.json", "Smartnodes, worst first", "A", labels{"node": "n"}, nodeBanned, Shown{"State", "BANNED", "dark-red"}},
		{"fleet.json", "Smartnodes, worst first", "E", labels{"node": "n"}, 0.5, Shown{"Port", "some vantages", bad}},
		{"fleet.json", "Smartnodes, worst first", "D", labels{"node": "n"}, -1, Shown{"Behind by", "-1 blocks", "transparent"}},
		{"fleet.json", "Smartnodes, worst first", "D", labels{"node": "n"}, -11, Shown{"Behind by", "-11 blocks", note}},
		{"fleet.json", "Smartnodes, worst first", "F", labels{"node": "n"}, 40, Shown{"Unpaid for", "40 blocks", ""}},
		{"fleet.json", "Smartnodes, worst first", "H", labels{"node": "n", "version": "2.0.3.1"}, 1, Shown{"Version", "2.0.3.1", ""}},
		{"fleet.json", "States of the 20 worst nodes", "A", labels{"node": "n"}, nodeUnknown, Shown{"n", "unknown", unknown}},
	} {
		var value *float64
		switch v := test.value.(type) {
		case int:
			value = ptr(float64(v))
		case float64:
			value = &v
		}
		got, err := screen(t, test.file).Show(test.panel, test.refID, test.labels, value)
		if err != nil || got != test.want {
			t.Errorf("%s of %s, %v: %+v, want %+v (%v)", test.refID, test.panel, test.value, got, test.want, err)
		}
	}
	s := screen(t, "smartnode.json")
	for _, refID := range []string{"B", "A"} { // an override must not leak to the other query
		got, _ := s.Show("Next payment", refID, nil, ptr(5401.0))
		if want := map[string]string{"A": "1.5 hours", "B": "5401"}[refID]; got.Text != want {
			t.Errorf("%s: %s, want %s", refID, got.Text, want)
		}
	}
	if _, err := s.Show("Verdict", "B", nil, nil); err == nil {
		t.Error("no error for a missing query")
	}
	if got, want := s.Annotation("Alert", labels{"alertname": "X"}), (Shown{"", "X", "purple"}); got != want {
		t.Errorf("annotation of an alert: %+v, want %+v", got, want)
	}
	if got, want := s.Annotation("Log event", labels{"event": "corruption"}), (Shown{"", "raptoreumd logged: corruption", bad}); got != want {
		t.Errorf("annotation of an event in debug.log: %+v, want %+v", got, want)
	}
	if column := screen(t, "fleet.json").SortedBy("Smartnodes, worst first"); column != "State" {
		t.Errorf("the fleet table is sorted by %q", column)
	}
}

// TestFormat expects the results of Grafana's own formatters.
func TestFormat(t *testing.T) {
	for _, test := range []struct {
		unit     string
		value    float64
		decimals *int
		want     string
	}{
		{"suffix:blocks", 3, ptr(0), "3 blocks"},
		{"s", 0, ptr(1), "0 s"},
		{"s", 45, ptr(1), "45.0 s"},
		{"s", 90, ptr(1), "1.5 mins"},
		{"s", 7200, ptr(1), "2.0 hours"},
		{"s", 3600, ptr(1), "1.0 hour"},
		{"s", 200000, ptr(1), "2.3 days"},
		{"s", 900000, ptr(1), "1.5 weeks"},
		{"s", 0.012, nil, "12 ms"},
		{"percentunit", 0.664, ptr(0), "66%"},
		{"percentunit", 0.664, nil, "66.4%"},
		{"bytes", 0, nil, "0 B"},
		{"bytes", 1023, nil, "1023 B"},
		{"bytes", 40e9, nil, "37.3 GiB"},
		{"bytes", 9e16, nil, "79.9 PiB"},
		{"bytes", -2048, nil, "-2 KiB"},
		{"Bps", 2000, nil, "2 kB/s"},
		{"Bps", 0.5, nil, "500 mB/s"},
		{"none", 1.02, ptr(0), "1"},
		{"none", 3.14159, nil, "3.14"},
		{"none", 13.25, nil, "13.3"},
		{"none", 0.0012, nil, "0.00120"},
		{"none", -0.4, ptr(0), "0"},
	} {
		decimals := "none"
		if test.decimals != nil {
			decimals = fmt.Sprint(*test.decimals)
		}
		if got := format(test.unit, test.decimals, test.value); got != test.want {
			t.Errorf("%v in %s with %s decimals: %q, want %q", test.value, test.unit, decimals, got, test.want)
		}
	}
}
