package dashboards

import "strings"

const watcher = `job="raptoreum",instance="b:1",node="w",vantage="self"`

// watchers returns scenarios of a fleet exporter, on a node of its own, that observes the smartnode n.
func watchers() []scenario {
	const none = "{}"
	running := changed(healthy(), map[string]string{
		series("up", watcher): "1", series("fleet_config_reload_success", watcher): "1", series("explorer_height_delta_blocks", watcher, `explorer="e"`): "50",
		fires("RaptoreumExplorersDown", "warning", watcher): "1", fires("RaptoreumChainBehind", "critical", watcher): "1",
	})
	withDaemon := changed(running, map[string]string{
		series("smartnode_expected", watcher): "0", series("smartnode_configured", watcher): "0", series("block_height", watcher): "100+1x60",
		series("daemon_info", watcher, `version="2.0.3"`): "1", series("daemon_state", watcher, `state="slow"`): "1",
	})
	down := map[string]string{}
	for name, values := range withDaemon {
		if strings.Contains(name, watcher) && !strings.HasPrefix(name, "ALERTS") {
			values = strings.TrimSuffix(values, "+1x60") + "x20 stale"
		}
		down[name] = values
	}
	down[series("up", watcher)], down[fires("RaptoreumExporterDown", "critical", watcher)] = "1x20 0x40", "1"
	alone := map[string]sample{
		"Smartnodes": {none: 1}, "OK": {none: 1}, "Slow": {none: 0}, "Act now": {none: 0}, "Act today": {none: 0}, "Unknown": {none: 0},
		"States of the 20 worst nodes": {`{node="n"}`: nodeOK}, "10 nodes furthest behind": {`{node="n"}`: 0}, "Smartnodes, worst first": {`{node="n"}`: nodeOK},
		"Smartnodes, worst first, D": {`{node="n"}`: 0}, "Smartnodes, worst first, E": {`{node="n"}`: 1}, "Smartnodes, worst first, F": {`{node="n"}`: 85},
		"Smartnodes, worst first, H": {`{node="n", version="2.0.3"}`: 1}, "Smartnodes, worst first, I": {`{node="n", vantage="several"}`: 2},
	}
	both := map[string]sample{"Smartnodes": {none: 2}, "Act now": {none: 1}, "Smartnodes, worst first": {`{node="n"}`: nodeOK, `{node="w"}`: nodeActNow}}
	return []scenario{
		{"a fleet exporter without a daemon", running, alone},
		{"a fleet exporter with a daemon", withDaemon, alone},
		{"a fleet exporter that is down", down, alone},
		{"a daemon that is not expected to be a smartnode, without a fleet file", changed(withDaemon, map[string]string{series("fleet_config_reload_success", watcher): ""}), alone},
		{"a fleet exporter beside a smartnode", changed(withDaemon, map[string]string{
			series("smartnode_expected", watcher): "1", series("smartnode_configured", watcher): "1",
		}), both},
		{"a smartnode whose exporter does not know that it is one", changed(withDaemon, map[string]string{series("smartnode_configured", watcher): "1"}), both},
		{"a node whose exporter has never answered", changed(healthy(), map[string]string{series("up", watcher): "0"}), map[string]sample{
			"Smartnodes": {none: 2}, "OK": {none: 1}, "Unknown": {none: 1}, "Smartnodes, worst first": {`{node="n"}`: nodeOK, `{node="w"}`: nodeUnknown},
		}},
	}
}
