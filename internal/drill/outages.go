package drill

import (
	"slices"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// Outage is a scripted outage of a node and the alerts that its owner must receive.
type Outage struct {
	Name       string // also the node's name
	Title      string // description
	Begin, End func(*Node)
	Lasts      time.Duration // min duration in rule time; it continues until all alerts have arrived
	First      []Alert       // arrive before Want, which mutes them and their resolve message
	Want       []Alert
	Inhibited  []Alert // fire but are inhibited
	Nodes, Of  int     // affects Nodes of Of monitored nodes; 0 is one node among many
}

func critical(names ...string) []Alert { return named("critical", names) }
func warning(names ...string) []Alert  { return named("warning", names) }

func named(severity string, names []string) (list []Alert) {
	for _, name := range names {
		list = append(list, Alert{"Raptoreum" + name, severity})
	}
	return list
}

// set returns a function that changes the state of the fake network.
func set(change func(*simnet.State)) func(*Node) {
	return func(n *Node) { n.Change(change) }
}

// daemonDies and daemonReturns remove and restore the process and its listening ports.
func daemonDies(n *Node) {
	n.removeProcess()
	n.Change(func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonRefused, simnet.PortClosed })
}

func daemonReturns(n *Node) {
	n.createProcess()
	n.restart()
	n.Change(func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonOK, simnet.PortOK })
}

func explorers(mode simnet.ExplorerMode, offset int) func(*Node) {
	return set(func(s *simnet.State) {
		for i := range s.Explorers {
			s.Explorers[i].Mode, s.Explorers[i].Offset = mode, offset
		}
	})
}

func port(mode simnet.PortMode) func(*Node) {
	return set(func(s *simnet.State) { s.Port = mode })
}

// Outages returns every scripted outage.
func Outages() []Outage {
	return slices.Concat(daemonOutages(), slowOutages(), smartnodeOutages(), portOutages(), networkOutages())
}

func daemonOutages() []Outage {
	return []Outage{
		{
			Name: "daemon-killed", Title: "raptoreumd is killed", Begin: daemonDies, End: daemonReturns,
			Lasts: 35 * time.Minute, Want: critical("DaemonDown"),
		},
		{
			Name: "daemon-stopped", Title: "raptoreumd hangs: it accepts connections but does not answer",
			Begin: set(func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonHung, simnet.PortSilent }),
			End:   daemonReturns, // its owner restarts it
			Lasts: 35 * time.Minute, Want: critical("DaemonDown"), Inhibited: warning("DaemonHung"),
		},
		{
			Name: "password-changed", Title: "the RPC password is changed",
			Begin: set(func(s *simnet.State) { s.Daemon = simnet.DaemonUnauthorized }),
			End:   set(func(s *simnet.State) { s.Daemon = simnet.DaemonOK }),
			Lasts: 35 * time.Minute, Want: warning("DaemonRefusesUs"),
		},
		{
			Name: "oom-killed", Title: "the kernel kills raptoreumd (out of memory), and it restarts",
			Begin: func(n *Node) {
				n.oomKills("proc/vmstat", 4)
				n.restart()
			},
			End:   func(*Node) {},
			Lasts: 16 * time.Minute, Want: warning("DaemonOOMKilled"),
		},
		{
			Name: "exporter-killed", Title: "the exporter dies", Begin: (*Node).kill, End: (*Node).serve,
			Lasts: 35 * time.Minute, Want: critical("ExporterDown"),
		},
		{
			Name: "several-down", Title: "5 of 8 smartnodes go down at once", Begin: daemonDies, End: daemonReturns, Nodes: 5, Of: 8,
			Lasts: 35 * time.Minute, Want: critical("SeveralNodesDown"), Inhibited: critical("DaemonDown"),
		},
	}
}

func smartnodeOutages() []Outage {
	const miss = Registered * 66 / 100 // penalty points of a missed key generation
	return []Outage{
		{
			Name: "one-strike", Title: "a missed key generation: PoSe penalty at 66 %",
			Begin: set(func(s *simnet.State) { s.Penalty = miss; s.MembershipsInvalid++ }),
			End:   set(func(s *simnet.State) { s.Penalty = 0; s.MembershipsInvalid-- }),
			Lasts: 20 * time.Minute, Want: critical("SmartnodeOneStrikeLeft"),
			Inhibited: warning("SmartnodePoSePenaltyRose", "SmartnodeDKGMissed"),
		},
		{
			Name: "banned", Title: "a missed key generation, and the PoSe ban after the second one",
			Begin: func(n *Node) {
				n.Change(func(s *simnet.State) { s.Penalty = miss })
				time.AfterFunc(Scaled(30*time.Minute), func() {
					n.Change(func(s *simnet.State) { s.Smartnode = simnet.SmartnodePoSeBanned })
				})
			},
			End:   set(func(s *simnet.State) { s.Smartnode, s.Penalty = simnet.SmartnodeReady, 0 }), // protx update_service
			Lasts: 65 * time.Minute, First: critical("SmartnodeOneStrikeLeft"), Want: critical("SmartnodePoSeBanned"),
			Inhibited: warning("SmartnodePoSePenaltyRose"),
		},
		{
			Name: "banned-and-killed", Title: "PoSe ban, then raptoreumd dies 12 minutes later",
			Begin: func(n *Node) {
				n.Change(func(s *simnet.State) { s.Smartnode = simnet.SmartnodePoSeBanned })
				time.AfterFunc(Scaled(12*time.Minute), func() { daemonDies(n) })
			},
			End: func(n *Node) {
				n.Change(func(s *simnet.State) { s.Smartnode = simnet.SmartnodeReady })
				daemonReturns(n)
			},
			Lasts: time.Hour, Want: critical("SmartnodePoSeBanned", "DaemonDown"),
		},
		{
			Name: "address-changed", Title: "the node's address differs from the registered one",
			Begin: set(func(s *simnet.State) {
				s.Smartnode, s.LocalAddress = simnet.SmartnodeError, "127.0.0.2:10226"
			}),
			End:   set(func(s *simnet.State) { s.Smartnode, s.LocalAddress = simnet.SmartnodeReady, s.Address }),
			Lasts: 35 * time.Minute, Want: critical("SmartnodeAddressMismatch"),
			Inhibited: critical("SmartnodeNotReady"),
		},
	}
}

// networkOutages affect the node's chain or the explorers that it is compared with.
func networkOutages() []Outage {
	return []Outage{
		{
			Name: "behind", Title: "the node stops accepting blocks and falls behind",
			Begin: set(func(s *simnet.State) { s.Stalled = true }),
			End:   set(func(s *simnet.State) { s.Stalled = false }),
			Lasts: 45 * time.Minute, Want: append(warning("ChainBehind"), critical("ChainBehind")...),
			Inhibited: append(critical("ChainStalled"), warning("ChainStalled")...),
		},
		{
			Name: "forked", Title: "the node is on a different chain", Begin: explorers(simnet.ExplorerForked, 0), End: explorers(simnet.ExplorerOK, 0),
			Lasts: 35 * time.Minute, Want: critical("ChainForked"),
		},
		{
			Name: "explorers-down", Title: "both explorers are down", Begin: explorers(simnet.ExplorerDown, 0), End: explorers(simnet.ExplorerOK, 0),
			Lasts: 35 * time.Minute, Want: warning("ExplorersDown"),
		},
		{
			Name: "explorers-lying", Title: "both explorers are 500 blocks ahead of all nodes", Begin: explorers(simnet.ExplorerLying, 500), End: explorers(simnet.ExplorerOK, 0),
			Lasts: 35 * time.Minute, Want: warning("ExplorersDisagree"),
		},
		{
			Name: "explorer-says-banned", Title: "one explorer reports a ban, the chain does not",
			Begin: set(func(s *simnet.State) {
				height := s.Height
				s.Explorers[0].BanHeight = &height
			}),
			End:   set(func(s *simnet.State) { s.Explorers[0].BanHeight = nil }),
			Lasts: 40 * time.Minute, Want: warning("SmartnodeViewsDisagree"),
		},
		{
			Name: "network-stalled", Title: "no new block in the whole network",
			Begin: set(func(s *simnet.State) { s.AdvanceEvery = 0 }),
			End:   set(func(s *simnet.State) { s.AdvanceEvery = simnet.Duration(Scaled(blockEvery)) }),
			Lasts: 50 * time.Minute, Want: warning("NetworkStalled"),
			Inhibited: append(critical("ChainStalled"), warning("ChainStalled")...),
		},
	}
}

func portOutages() []Outage {
	return []Outage{
		{
			Name: "port-closed", Title: "the port is closed, seen from the machine itself", Begin: port(simnet.PortClosed), End: port(simnet.PortOK),
			Lasts: 40 * time.Minute, Want: warning("PortUnreachable"),
		},
		{
			Name: "port-closed-to-all", Title: "the port is closed, and there are no inbound peers",
			Begin: set(func(s *simnet.State) { s.Port, s.PeersIn = simnet.PortClosed, 0 }),
			End:   set(func(s *simnet.State) { s.Port, s.PeersIn = simnet.PortOK, 6 }),
			Lasts: 80 * time.Minute, Want: append(warning("PortUnreachable"), critical("PortUnreachable")...),
			Inhibited: append(warning("PortUnreachable"), warning("NoInboundPeers")...),
		},
		{
			Name: "port-accepts-and-closes", Title: "the port accepts and closes connections, like an unsynced smartnode", Begin: port(simnet.PortAcceptClose), End: port(simnet.PortOK),
			Lasts: 40 * time.Minute, Want: warning("PortUnreachable"),
		},
	}
}
