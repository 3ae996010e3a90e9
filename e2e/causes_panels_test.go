//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"
)

// brief is up to how many minutes a cause does not count, because a busy machine is slow for some.
const brief = 10

// outageCauses returns the trouble that the smartnode dashboard shows in each outage.
func outageCauses() map[string][]string {
	const (
		port, notReady = "its port was not reachable from its machine", "raptoreumd was not ready"
		behind, state  = "it was behind the network", "the smartnode was not READY"
	)
	return map[string][]string{
		"daemon-killed": {port, notReady}, "daemon-stopped": {port, notReady}, "several-down": {port, notReady}, "password-changed": {notReady},
		"oom-killed":      {"raptoreumd was restarted", "the kernel killed a process because memory ran out"},
		"exporter-killed": {"its exporter did not answer"}, "banned-and-killed": {port, notReady}, "address-changed": {state},
		"port-closed": {port}, "port-accepts-and-closes": {port}, "port-closed-to-all": {port}, "behind": {behind},
	}
}

// checkCauses checks the tables of causes during each outage and on a quiet day.
func checkCauses(t *testing.T, runs []run, results []result) {
	t.Helper()
	boards, all := screens(t), outageCauses()
	for i, r := range runs {
		name := results[i].Name
		if r.outage == nil && name != "nothing-happens" || name == "slow" || name == "catching-up" {
			continue
		}
		v := viewer{boards, r.stack, r.stack.Prometheus[0], results[i].at, r.nodes[0].Job, r.nodes[0].Name}
		if got, err := v.causes("Trouble in the last 90 minutes"); err != nil || !slices.Equal(got, all[name]) {
			t.Errorf("%s: trouble %q, want %q (%v)", name, got, all[name], err)
		}
		// A penalty rises without trouble before it. The ban comes with the second rise.
		rises := slices.Contains([]string{"one-strike", "banned", "banned-and-killed"}, name)
		shown, err := v.read(smartnodeBoard, "Why the penalty rose")
		if none := fmt.Sprint(shown) == "[Observed: none grey]"; err != nil || none == rises {
			t.Errorf("%s: why the penalty rose: %v (%v)", name, shown, err)
		}
		if got, err := v.causes("Why the penalty rose"); err != nil || len(got) > 0 {
			t.Errorf("%s: causes of the penalty %q (%v)", name, got, err)
		}
	}
}

// causes returns the causes that a table shows, sorted, without brief ones.
func (v viewer) causes(panel string) (all []string, err error) {
	rows, err := v.read(smartnodeBoard, panel)
	for _, s := range rows {
		if s.value > brief {
			all = append(all, s.labels["cause"])
		}
	}
	slices.Sort(all)
	return all, err
}
