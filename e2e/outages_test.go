//go:build e2e

package e2e

import (
	"slices"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// outage is what happens to a node, and what its owner must hear of it.
type outage struct {
	name       string // the node's too
	begin, end func(*node)
	lasts      time.Duration // at least, unscaled; it goes on until all alerts have arrived
	want       []alert
	muted      []alert // fire, and are told to nobody
	of, nodes  int     // hits so many of so many nodes that Prometheus watches; 0 is a node among many
}

func critical(names ...string) []alert { return alerts("critical", names) }
func warning(names ...string) []alert  { return alerts("warning", names) }

func alerts(severity string, names []string) (list []alert) {
	for _, name := range names {
		list = append(list, alert{"Raptoreum" + name, severity})
	}
	return list
}

// set makes a switch of the fake network.
func set(change func(*simnet.State)) func(*node) {
	return func(n *node) { n.change(change) }
}

// daemonDies and daemonReturns: a dead process listens nowhere.
func daemonDies(n *node) {
	n.change(func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonRefused, simnet.PortClosed })
}

func daemonReturns(n *node) {
	n.restart()
	n.change(func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonOK, simnet.PortOK })
}

func explorers(mode simnet.ExplorerMode, offset int) func(*node) {
	return set(func(s *simnet.State) {
		for i := range s.Explorers {
			s.Explorers[i].Mode, s.Explorers[i].Offset = mode, offset
		}
	})
}

func port(mode simnet.PortMode) func(*node) {
	return set(func(s *simnet.State) { s.Port = mode })
}

func outages() []outage {
	return slices.Concat(daemonOutages(), smartnodeOutages(), portOutages(), networkOutages())
}

func daemonOutages() []outage {
	return []outage{
		{
			name: "daemon-killed", begin: daemonDies, end: daemonReturns,
			lasts: 35 * time.Minute, want: critical("DaemonDown"),
		},
		{
			name:  "daemon-stopped", // SIGSTOP: it accepts and is silent
			begin: set(func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonHung, simnet.PortSilent }),
			end:   set(func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonOK, simnet.PortOK }),
			lasts: 35 * time.Minute, want: append(critical("DaemonDown"), warning("DaemonHung")...),
		},
		{
			name:  "password-changed",
			begin: set(func(s *simnet.State) { s.Daemon = simnet.DaemonUnauthorized }),
			end:   set(func(s *simnet.State) { s.Daemon = simnet.DaemonOK }),
			lasts: 35 * time.Minute, want: warning("DaemonRefusesUs"),
		},
		{
			name: "oom-killed",
			begin: func(n *node) {
				n.oomKills("proc/vmstat", 4)
				n.restart()
			},
			end:   func(*node) {},
			lasts: 5 * time.Minute, want: warning("DaemonOOMKilled"),
		},
		{
			name: "exporter-killed", begin: (*node).kill, end: (*node).serve,
			lasts: 35 * time.Minute, want: critical("ExporterDown"),
		},
		{
			name: "several-down", begin: daemonDies, end: daemonReturns, nodes: 5, of: 8,
			lasts: 35 * time.Minute, want: critical("SeveralNodesDown"), muted: critical("DaemonDown"),
		},
	}
}

func smartnodeOutages() []outage {
	const miss = registered * 66 / 100 // points of a missed key generation
	return []outage{
		{
			name:  "one-strike", // a missed key generation: 66 %
			begin: set(func(s *simnet.State) { s.Penalty = miss; s.MembershipsInvalid++ }),
			end:   set(func(s *simnet.State) { s.Penalty = 0; s.MembershipsInvalid-- }),
			lasts: 20 * time.Minute, want: critical("SmartnodeOneStrikeLeft"),
			muted: warning("SmartnodePoSePenaltyRose", "SmartnodeDKGMissed"),
		},
		{
			name:  "banned",
			begin: set(func(s *simnet.State) { s.Smartnode = simnet.SmartnodePoSeBanned }),
			end:   set(func(s *simnet.State) { s.Smartnode = simnet.SmartnodeReady }),
			lasts: 35 * time.Minute, want: critical("SmartnodePoSeBanned"),
			muted: warning("SmartnodePoSePenaltyRose"),
		},
		{
			name: "banned-and-killed", // what the dead daemon said is not over
			begin: func(n *node) {
				n.change(func(s *simnet.State) { s.Smartnode = simnet.SmartnodePoSeBanned })
				time.AfterFunc(scaled(10*time.Minute), func() { daemonDies(n) })
			},
			end: func(n *node) {
				n.change(func(s *simnet.State) { s.Smartnode = simnet.SmartnodeReady })
				daemonReturns(n)
			},
			lasts: time.Hour, want: critical("SmartnodePoSeBanned", "DaemonDown"),
		},
		{
			name: "address-changed",
			begin: set(func(s *simnet.State) {
				s.Smartnode, s.LocalAddress = simnet.SmartnodeError, "127.0.0.2:10226"
			}),
			end:   set(func(s *simnet.State) { s.Smartnode, s.LocalAddress = simnet.SmartnodeReady, s.Address }),
			lasts: 35 * time.Minute, want: critical("SmartnodeAddressMismatch"),
			muted: critical("SmartnodeNotReady"),
		},
	}
}

// networkOutages are of our chain, or of what it is compared with.
func networkOutages() []outage {
	return []outage{
		{
			name:  "behind", // by 20 blocks and more in the end
			begin: set(func(s *simnet.State) { s.Stalled = true }),
			end:   set(func(s *simnet.State) { s.Stalled = false }),
			lasts: 45 * time.Minute, want: critical("ChainBehind"),
			muted: append(critical("ChainStalled"), warning("ChainStalled")...),
		},
		{
			name: "forked", begin: explorers(simnet.ExplorerForked, 0), end: explorers(simnet.ExplorerOK, 0),
			lasts: 35 * time.Minute, want: critical("ChainForked"),
		},
		{
			name: "explorers-down", begin: explorers(simnet.ExplorerDown, 0), end: explorers(simnet.ExplorerOK, 0),
			lasts: 35 * time.Minute, want: warning("ExplorersDown"),
		},
		{
			name: "explorers-lying", begin: explorers(simnet.ExplorerLying, 500), end: explorers(simnet.ExplorerOK, 0),
			lasts: 35 * time.Minute, want: warning("ExplorersDisagree"),
		},
		{
			name: "explorer-says-banned", // and the chain does not
			begin: set(func(s *simnet.State) {
				height := s.Height
				s.Explorers[0].BanHeight = &height
			}),
			end:   set(func(s *simnet.State) { s.Explorers[0].BanHeight = nil }),
			lasts: 40 * time.Minute, want: warning("SmartnodeViewsDisagree"),
		},
		{
			name:  "network-stalled",
			begin: set(func(s *simnet.State) { s.AdvanceEvery = 0 }),
			end:   set(func(s *simnet.State) { s.AdvanceEvery = simnet.Duration(scaled(blockEvery)) }),
			lasts: 50 * time.Minute, want: warning("NetworkStalled"),
			muted: append(critical("ChainStalled"), warning("ChainStalled")...),
		},
	}
}

func portOutages() []outage {
	return []outage{
		{
			name: "port-closed", begin: port(simnet.PortClosed), end: port(simnet.PortOK),
			lasts: 40 * time.Minute, want: warning("PortUnreachable"),
		},
		{
			name:  "port-closed-to-all", // nobody connects any more either
			begin: set(func(s *simnet.State) { s.Port, s.PeersIn = simnet.PortClosed, 0 }),
			end:   set(func(s *simnet.State) { s.Port, s.PeersIn = simnet.PortOK, 6 }),
			lasts: 80 * time.Minute, want: append(warning("PortUnreachable"), critical("PortUnreachable")...),
			muted: append(warning("PortUnreachable"), warning("NoInboundPeers")...),
		},
		{
			name: "port-accepts-and-closes", begin: port(simnet.PortAcceptClose), end: port(simnet.PortOK),
			lasts: 40 * time.Minute, want: warning("PortUnreachable"),
		},
	}
}
