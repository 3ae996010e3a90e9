package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Watch configures the setup of a machine that watches smartnodes.
type Watch struct {
	Nodes      []string // NAME=PROTX, NAME=HOST[:PORT] of its exporter, or NAME=PROTX@HOST[:PORT]
	Reach      string   // how to reach the exporters of other machines: outside, address or tls; empty: outside
	Vantage    string   // name of this place; empty: the host name
	RunbookURL string   // of the folder with the runbooks; empty: messages have no link
	Receivers  receivers
}

const (
	reachOutside = "outside" // not at all: only the port of raptoreumd is probed
	reachAddress = "address" // over WireGuard or an ssh tunnel
	reachTLS     = "tls"     // over the internet, with TLS and a password

	prometheusDir  = "/etc/prometheus/raptoreum"
	prometheusConf = "/etc/prometheus/prometheus.yml"
	alertConf      = "/etc/prometheus/alertmanager.yml"
	share          = "/usr/share/raptoreum-exporter"
	watchUnit      = "raptoreum_exporter@watch.service"
	prometheusUnit = "prometheus.service"
	alertUnit      = "prometheus-alertmanager.service"
	prometheusUser = "prometheus"
)

// watch sets up Prometheus and Alertmanager.
func (c *command) watch(ctx context.Context, past record) (int, error) {
	for _, path := range []string{"/usr/bin/prometheus", "/usr/bin/prometheus-alertmanager"} {
		if !c.exists(path) {
			return exitPartly, errors.New("setup watch needs Prometheus and Alertmanager; run apt install prometheus prometheus-alertmanager")
		}
	}
	if !c.exists(share+"/alerts/alerts.yml") || !c.exists(unitDir+"/raptoreum_exporter@.service") {
		return exitPartly, errors.New("the package raptoreum-exporter is not installed; run dpkg -i first")
	}
	all, err := c.watched(ctx, past)
	if err != nil {
		return exitPartly, err
	}
	own, err := c.load("node")
	if err != nil {
		return exitPartly, err
	}
	if len(all)+len(own.Nodes) == 0 {
		return exitPartly, errors.New("--node: give the smartnodes to watch, as NAME=PROTX")
	}
	p, err := c.planWatch(ctx, all, own.Nodes, past)
	if err != nil {
		return exitPartly, err
	}
	if err := c.checkConfigs(ctx, p); err != nil {
		return exitPartly, err
	}
	done, kept, err := c.perform(ctx, p, past)
	if err != nil {
		return exitPartly, err
	}
	if c.DryRun {
		return exitOK, nil
	}
	if done {
		c.print("To take everything back: sudo raptoreum_exporter setup watch --undo")
	}
	works := c.works(ctx, all)
	c.unfinished(p) // last, because it must not be overlooked
	if loaded := c.loaded(ctx, p); kept || !works || !loaded {
		return exitPartly, nil
	}
	return exitOK, nil
}

// works sends a test message, and prints what of the watching works. It reports whether all does.
func (c *command) works(ctx context.Context, all []target) bool {
	ok := true
	if !slices.Contains(c.keptFiles, alertConf) {
		if err := c.sendTest(ctx); err != nil {
			c.print("The test message was %v", err)
			ok = false
		}
	} else {
		c.print("No test message was sent, because %s is yours.", alertConf)
	}
	registered, reached := c.nodeStates(ctx, all), c.reached(ctx, all)
	return ok && registered && reached
}

// watched returns the smartnodes to watch: those of --node, of the last run, or of an answer.
func (c *command) watched(ctx context.Context, past record) ([]target, error) {
	w := c.Watch
	w.remember(past.Watch)
	c.dropped(past.Watch)
	if len(w.Nodes) == 0 {
		answer, err := c.ask(ctx, "Smartnodes to watch, as NAME=PROTX, separated by blanks:", "")
		if err != nil {
			return nil, err
		}
		w.Nodes = strings.Fields(answer)
	}
	if w.Vantage != "" {
		if err := checkCharacters(w.Vantage); err != nil {
			return nil, fmt.Errorf("--from: %w", err)
		}
	}
	return w.targets()
}

// remember completes the flags with those of the last run.
func (w *Watch) remember(last *Watch) {
	if last == nil {
		return
	}
	if len(w.Nodes) == 0 {
		w.Nodes, w.Reach = last.Nodes, cmp.Or(w.Reach, last.Reach)
	}
	w.Vantage, w.RunbookURL = cmp.Or(w.Vantage, last.Vantage), cmp.Or(w.RunbookURL, last.RunbookURL)
	w.Receivers.remember(last.Receivers)
}

// dropped says which smartnodes of the last run --node leaves out.
func (c *command) dropped(last *Watch) {
	if last == nil {
		return
	}
	for _, value := range last.Nodes {
		name, _, _ := strings.Cut(value, "=")
		if !slices.ContainsFunc(c.Watch.Nodes, func(v string) bool { return strings.HasPrefix(v, name+"=") }) {
			c.print("%s is no longer watched, because --node lists all smartnodes.", name)
		}
	}
}

// planWatch returns the files and units.
func (c *command) planWatch(ctx context.Context, all []target, own []placed, past record) (p plan, err error) {
	w := c.Watch
	if _, err := c.release(ctx, "prometheus", 2, 42); err != nil { // keep_firing_for
		return p, err
	}
	to, err := c.receivers(ctx)
	if err != nil {
		return p, err
	}
	p.files = append(p.files, to.secrets...)
	var protected []change
	if w.Reach == reachTLS {
		for _, t := range all {
			files, err := c.planTLS(t)
			if err != nil {
				return p, err
			}
			protected = append(protected, files...)
		}
	}
	p.files = append(p.files, protected...)
	rules, err := c.rules()
	if err != nil {
		return p, err
	}
	p.files = append(p.files, change{path: prometheusDir + "/alerts.yml", content: rules, mode: 0o644, units: []string{prometheusUnit}})
	listen := ""
	if slices.ContainsFunc(all, func(t target) bool { return t.protx != "" }) {
		listen = c.planFleet(&p, all, past)
	}
	conffiles := c.conffiles(ctx)
	if err := c.planArguments(&p, conffiles, past); err != nil {
		return p, err
	}
	jobs := c.scrapeJobs(all, own, listen)
	c.tests = to.tests
	alerts, err := c.alertmanagerConf(to)
	if err != nil {
		return p, err
	}
	needs := append([]need{{prometheusDir + "/alerts.yml", prometheusDir + "/alerts.yml"}, {"alertmanagers:", "alertmanagers"}}, addresses(jobs)...)
	mode := os.FileMode(0o644)
	if to.inline {
		mode = 0o640
	}
	p.files = append(p.files,
		change{path: prometheusConf, content: c.prometheusConf(jobs), add: c.prometheusRules() + "scrape_configs:\n" + jobs, needs: needs, mode: 0o644, replaces: conffiles.has(prometheusConf), units: []string{prometheusUnit}},
		change{path: alertConf, content: alerts, add: to.add(), needs: to.needs, mode: mode, group: prometheusUser, replaces: conffiles.has(alertConf), units: []string{alertUnit}})
	p.units = append(p.units, unit{name: prometheusUnit, running: true}, unit{name: alertUnit, running: true})
	return p, nil
}

// planFleet adds the exporter that probes from here, and returns its address.
func (c *command) planFleet(p *plan, all []target, past record) (listen string) {
	var nodes strings.Builder
	nodes.WriteString("# Written by raptoreum_exporter setup watch.\nnodes:\n")
	var needs []need
	for _, t := range all {
		if t.protx != "" {
			needs = append(needs, need{t.protx, t.name})
			fmt.Fprintf(&nodes, "- {protx: %s, name: %q}\n", t.protx, t.name)
		}
	}
	if last, ok := past.placed(watchUnit); ok {
		listen = last.Listen
	}
	for port := 10240; listen == ""; port++ {
		if address := fmt.Sprintf("127.0.0.1:%d", port); c.Free(address) {
			listen = address
		}
	}
	c.placing = []placed{{Conf: watchUnit, Listen: listen}}
	flags := "# Written by raptoreum_exporter setup watch, which does not change this file again if you edit it.\n" +
		"--fleet.config=" + etc + "/watch/fleet.yml\n--web.listen-address=" + listen + "\n"
	settings := []need{{"--fleet.config=" + etc + "/watch/fleet.yml\n", "--fleet.config"}, {"--web.listen-address=" + listen + "\n", "--web.listen-address"}}
	if c.Watch.Vantage != "" {
		settings = append(settings, need{"--vantage=" + c.Watch.Vantage + "\n", "--vantage"})
		flags += "--vantage=" + c.Watch.Vantage + "\n"
	}
	p.files = append(p.files,
		change{path: etc + "/watch/fleet.yml", content: nodes.String(), needs: needs, mode: 0o644, units: []string{watchUnit}},
		change{path: etc + "/watch/flags", content: flags, needs: settings, mode: 0o644, units: []string{watchUnit}})
	// The exporter that the package has started monitors nothing on a machine without a raptoreumd.
	if flags, err := c.read(etc + "/flags"); err == nil && flags != nil && onlyComments(flags.content) {
		p.units = append(p.units, unit{name: "raptoreum_exporter.service"})
	}
	p.units = append(p.units, unit{name: watchUnit, running: true})
	return listen
}
