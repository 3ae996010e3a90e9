package judge_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"raptoreum_exporter/internal/tools"
	"raptoreum_exporter/judge"
)

// elsewhere lists the critical alerts that a single check of one node cannot find, with the reason.
func elsewhere() map[string]string {
	return map[string]string{
		"RaptoreumExporterDown":            "the command is the exporter",
		"RaptoreumSeveralNodesDown":        "concerns several nodes",
		"RaptoreumSeveralNodesUnreachable": "concerns several nodes",
		"RaptoreumDaemonRestarting":        "counts restarts; a young daemon is a warning",
	}
}

// variant changes metrics of the healthy node, or of what /probe exposes about it. An empty value removes the
// metric. age is the age of the newest block in seconds.
type variant struct {
	name    string
	outside bool
	age     int
	change  map[string]string
}

const (
	delta1, delta2 = `explorer_height_delta_blocks{explorer="explorer-1"}`, `explorer_height_delta_blocks{explorer="explorer-2"}`
	match1, match2 = `explorer_chain_match{explorer="explorer-1"}`, `explorer_chain_match{explorer="explorer-2"}`
)

// variants are on both sides of each limit.
func variants() []variant {
	state := func(name string) map[string]string {
		return map[string]string{"up": "0", `daemon_state{state="ready"}`: "0", `daemon_state{state="` + name + `"}`: "1"}
	}
	smartnode := func(name string) map[string]string {
		return map[string]string{`smartnode_state{state="ready"}`: "0", `smartnode_state{state="` + name + `"}`: "1"}
	}
	with := func(m map[string]string, more ...string) map[string]string {
		m = maps.Clone(m)
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	one := func(pairs ...string) map[string]string { return with(map[string]string{}, pairs...) }
	list := []variant{
		{"nothing", false, 60, nil},
		{"tip 19 min", false, 1140, nil},
		{"tip 34 min, all agree", false, 2040, nil},
		{"tip 36 min, all agree", false, 2160, one("peers_median_height", "529")},
		{"tip 36 min, peers apart", false, 2160, one("peers_median_height", "530", "explorer_height_delta_blocks{explorer=\"explorer-1\"}", "2")},
		{"tip 36 min, alone", false, 2160, one(delta1, "", delta2, "", "peers_median_height", "", "peers_best_height", "")},
		{"explorers 5 ahead", false, 700, one(delta1, "5", delta2, "5", "peers_median_height", "520")},
		{"explorers 6 ahead", false, 700, one(delta1, "6", delta2, "6", "peers_median_height", "520")},
		{"explorers 6 ahead, fresh tip", false, 500, one(delta1, "6", delta2, "6")},
		{"explorers 6 ahead, peers contradict", false, 700, one(delta1, "6", delta2, "6")},
		{"explorers 6 ahead, peers contradict, old tip", false, 1600, one(delta1, "6", delta2, "6")},
		{"one explorer 50 behind, one 6 ahead", false, 1600, one(delta1, "-50", delta2, "6")},
		{"peers 5 ahead", false, 700, one("peers_median_height", "534")},
		{"peers 6 ahead", false, 700, one("peers_median_height", "535")},
		{"best peer 6 ahead, no median", false, 700, one("peers_median_height", "", "peers_best_height", "535")},
		{"peers 6 ahead, downloading", false, 70000, one("peers_median_height", "535", "initial_block_download", "1")},
		{"explorers 20 ahead, slow", false, 3000, with(state("slow"), delta1, "20", delta2, "20", "peers_median_height", "549")},
		{"fork", false, 60, one(match1, "0", match2, "0")},
		{"fork, of one explorer", false, 60, one(match1, "0")},
		{"fork, of one that is far behind", false, 60, one(match1, "0", match2, "", delta1, "-31")},
		{"fork, of one that is behind", false, 60, one(match1, "0", match2, "", delta1, "-30")},
		{"explorers of another network", false, 60, one(match1, "0", match2, "0", delta1, "5001", delta2, "1400000")},
		{"fork of a week", false, 60, one(match1, "0", match2, "0", delta1, "5000", delta2, "5000")},
		{"explorers far ahead, peers apart", false, 60, one(match1, "0", match2, "0", delta1, "1400000", delta2, "1400000", "peers_median_height", "533")},
		{"one strike", false, 60, one("smartnode_pose_strikes_left", "1", "smartnode_pose_penalty", "66")},
		{"one strike, downloading", false, 60, one("smartnode_pose_strikes_left", "1", "initial_block_download", "1")},
		{"banned", false, 60, with(smartnode("pose_banned"), "smartnode_pose_banned", "1", "smartnode_pose_strikes_left", "0")},
		{"banned, daemon hung, explorer reports it", false, 60, with(state("hung"), "smartnode_pose_banned", "", "smartnode_pose_strikes_left", "", `explorer_smartnode_pose_banned{explorer="explorer-1"}`, "1")},
		{"explorer alone says banned", false, 60, one(`explorer_smartnode_pose_banned{explorer="explorer-1"}`, "1")},
		{"not ready, sync not finished", false, 60, with(smartnode("error"), "sync_finished", "0")},
		{"not registered", false, 60, with(smartnode("waiting_for_protx"), "smartnode_registered", "0")},
		{"not registered, configured but not expected", false, 60, with(smartnode("waiting_for_protx"), "smartnode_registered", "0", "smartnode_expected", "0")},
		{"not registered, none expected", false, 60, one("smartnode_registered", "0", "smartnode_expected", "0", "smartnode_configured", "0")},
		{"not configured", false, 60, one("smartnode_configured", "0")},
		{"not configured, none expected", false, 60, one("smartnode_configured", "0", "smartnode_expected", "0")},
		{"unpayable", false, 60, one("smartnode_payable", "0")},
		{"address differs", false, 60, with(smartnode("error"), "smartnode_address_match", "0")},
		{"duplicate address", true, 60, one("smartnode_address_duplicate", "1")},
		{"port", false, 60, one("port_reachable", "0")},
		{"port and peers", false, 60, one("port_reachable", "0", `peers{direction="inbound"}`, "0")},
		{"port and peers, downloading", false, 60, one("port_reachable", "0", `peers{direction="inbound"}`, "0", "initial_block_download", "1")},
		{"port from outside", true, 60, one("port_reachable", "0", "probe_success", "0")},
		{"port while down", false, 60, with(state("unreachable"), "port_reachable", "0")},
		{"another smartnode", true, 60, one("port_identity_match", "0")},
		{"disk 1.1 GB", false, 60, one("datadir_free_bytes", "1.1e9")},
		{"disk 0.9 GB", false, 60, one("datadir_free_bytes", "0.9e9")},
		{"heal gave up", false, 60, one("heal_gave_up", "1")},
		{"heal", false, 60, one("heal_gave_up", "0")},
		{"two explorers disagree", false, 60, one(`explorer_block_height{explorer="explorer-1"}`, "560")},
	}
	for _, name := range []string{"slow", "hung", "busy", "unreachable", "error", "unauthorized", "forbidden", "warming_up"} {
		list = append(list, variant{"daemon " + name, false, 60, state(name)})
	}
	for _, name := range []string{"error", "removed", "operator_key_changed", "waiting_for_protx", "unknown"} {
		list = append(list, variant{"smartnode " + name, false, 60, smartnode(name)})
	}
	return list
}

// apply returns the snapshot of the healthy node with the changes of the variant.
func (v variant) apply(all []snapshot) snapshot {
	i := slices.IndexFunc(all, func(s snapshot) bool { return s.name == "healthy" && s.outside == v.outside })
	s := all[i]
	s.name, s.series = v.name, maps.Clone(s.series)
	if !v.outside {
		s.series["raptoreum_block_timestamp_seconds"] = fmt.Sprint(s.at.Unix() - int64(v.age))
	}
	for name, value := range v.change {
		if !strings.HasPrefix(name, "probe_") {
			name = "raptoreum_" + name
		}
		if value == "" {
			delete(s.series, name)
		} else {
			s.series[name] = value
		}
	}
	return s
}

// TestAgree compares check with alerts.yml in every scenario and on both sides of each limit: what check calls
// critical fires there if it lasts, and no other critical alert does.
func TestAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("promtool takes seconds")
	}
	all := snapshots(t)
	for _, v := range variants() {
		all = append(all, v.apply(all))
	}
	dir := t.TempDir()
	criticals, reported := criticalAlerts(t, filepath.Join(dir, "critical.yml")), map[string]bool{}
	input, checks, jobs := []map[string]string{}, []map[string]any{}, map[string]bool{}
	for _, s := range all {
		job := s.job()
		if jobs[job] {
			t.Fatalf("two snapshots are named %s", s.name)
		}
		jobs[job] = true
		input = append(input, s.input(job)...)
		samples := []map[string]any{}
		for _, name := range critical(s.judge(t), criticals) {
			reported[name] = true
			samples = append(samples, map[string]any{"labels": fmt.Sprintf(`{alertname=%q}`, name), "value": 1})
		}
		checks = append(checks, map[string]any{
			"expr":      fmt.Sprintf(`max by (alertname) (ALERTS{alertstate="firing",severity="critical",job=%q} * 0 + 1)`, job),
			"eval_time": "80m", "exp_samples": samples,
		})
	}
	for name := range criticals {
		if why := elsewhere()[name]; reported[name] == (why != "") {
			t.Errorf("%s: reported by check: %t; %q", name, reported[name], why)
		}
	}
	// A case costs as many evaluations of all rules as it is long, so one case has all snapshots.
	one := map[string]any{"interval": "1m", "input_series": input, "promql_expr_test": checks}
	text, err := yaml.Marshal(map[string]any{"rule_files": []string{"critical.yml"}, "evaluation_interval": "2m", "tests": []any{one}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "agree.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool := tools.Find(t, "..", "promtool")[0]
	if out, err := tools.Command(t, promtool, "test", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// criticalAlerts returns the critical alerts of alerts.yml by name, and writes their rules to a file.
func criticalAlerts(t *testing.T, file string) map[string]bool {
	t.Helper()
	type group struct {
		Name  string           `yaml:"name"`
		Rules []map[string]any `yaml:"rules"`
	}
	var rules struct {
		Groups []group `yaml:"groups"`
	}
	text, err := os.ReadFile("../alerts/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for i := range rules.Groups {
		g := &rules.Groups[i]
		g.Rules = slices.DeleteFunc(g.Rules, func(r map[string]any) bool {
			labels, isAlert := r["labels"].(map[string]any)
			return isAlert && labels["severity"] != "critical" // recorded series stay
		})
		for _, r := range g.Rules {
			if name, isAlert := r["alert"].(string); isAlert {
				names[name] = true
			}
		}
	}
	if text, err = yaml.Marshal(rules); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return names
}

// critical returns the critical alerts that would fire, according to a report, if the state lasted.
func critical(r judge.Report, criticals map[string]bool) (names []string) {
	for _, f := range r.Findings {
		for i, alert := range f.Alerts {
			// A warning may imply a critical alert, and a start becomes critical if it lasts.
			lasting := f.Verdict == judge.Warning && (i > 0 && alert != "RaptoreumDaemonRestarting" || alert == "RaptoreumDaemonStuckWarmingUp")
			if criticals[alert] && (f.Verdict == judge.Critical || lasting) {
				names = append(names, alert)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// job returns the name of the snapshot's job and node: rules compare the views of a job and of a node.
func (s snapshot) job() string {
	if s.outside {
		return "raptoreum, " + s.name + ", from outside"
	}
	return "raptoreum, " + s.name
}

// input returns the series of a job in which the snapshot lasts for 80 minutes.
func (s snapshot) input(job string) (input []map[string]string) {
	vantage := "self"
	if s.outside {
		vantage = "paris"
	}
	labels := fmt.Sprintf("job=%q,instance=\"i\",node=%q,vantage=%q", job, job, vantage)
	input = append(input, map[string]string{"series": "up{" + labels + "}", "values": "1x80"})
	for _, name := range slices.Sorted(maps.Keys(s.series)) {
		value := s.series[name]
		if name == "raptoreum_block_timestamp_seconds" { // keeps its age
			at, _ := strconv.ParseFloat(value, 64)
			value = fmt.Sprintf("%.0f+60", at-float64(s.at.Unix()))
		}
		if strings.HasSuffix(name, "}") {
			name = strings.TrimSuffix(name, "}") + "," + labels + "}"
		} else {
			name += "{" + labels + "}"
		}
		input = append(input, map[string]string{"series": name, "values": value + "x80"})
	}
	return input
}
