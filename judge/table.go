package judge

// Rule describes the findings with one ID.
type Rule struct{ ID, Section, Name, Help string }

// rule is a line of the table. Its judge returns nil where the rule does not apply. A rule whose collector
// is disabled does not apply either.
type rule struct {
	id, section, name, collector string
	judge                        func(*facts) *Finding
	help                         string
}

// table lists the rules in the order of the maintenance guide. An ID never changes: programs depend on it.
func table() []rule {
	return []rule{
		{"daemon_state", "daemon", "raptoreumd", "daemon", judgeDaemon, "raptoreumd answers, its main lock included"},
		{"daemon_restarts", "daemon", "restarts", "daemon", judgeRestarts, "raptoreumd was not started within the last 10 minutes"},
		{"daemon_warnings", "daemon", "warnings", "daemon", judgeWarnings, "raptoreumd reports no warning"},
		{"heal", "daemon", "heal", "heal", judgeHeal, "heal has not given up"},
		{"collectors", "daemon", "collectors", "", judgeCollectors, "no collector failed although raptoreumd answers"},
		{"sync", "chain", "sync", "sync", judgeSync, "the chain is downloaded and the smartnode sync is finished"},
		{"height", "chain", "height", "chain", judgeHeight, "explorers and peers are not ahead of raptoreumd"},
		{"tip_age", "chain", "newest block", "chain", judgeTip, "the newest block is not too old"},
		{"fork", "chain", "fork", "explorer", judgeFork, "the explorers have the same block 6 below the tip"},
		{"explorers", "chain", "explorers", "explorer", judgeExplorers, "explorers answer and agree"},
		{"peers", "chain", "peers", "peers", judgePeers, "there are enough peers, and they respond in time"},
		{"smartnode", "smartnode", "smartnode", "smartnode", judgeSmartnode, "the smartnode is configured, registered and ready"},
		{"pose", "smartnode", "PoSe", "smartnode", judgePoSe, "it is not banned, and the next missed key generation does not ban it"},
		{"address", "smartnode", "address", "smartnode", judgeAddress, "the registered address is unique and that of raptoreum.conf"},
		{"collateral", "smartnode", "collateral", "smartnode", judgeCollateral, "the collateral amount is eligible for payments"},
		{"payment", "smartnode", "payment", "payments", judgePayment, "the next payment is not overdue"},
		{"quorum_duty", "smartnode", "quorum duty", "quorum", judgeDuty, "it missed the key generation of no current quorum"},
		{"explorers_view", "smartnode", "explorers' view", "explorer", judgeViews, "explorers report the same penalty and ban as raptoreumd"},
		{"port", "port", "port", "port", judgePort, "the handshake with the registered address succeeds"},
		{"identity", "port", "identity", "port", judgeIdentity, "no other smartnode answers at the registered address"},
		{"memory", "host", "memory", "host", judgeMemory, "memory is available to raptoreumd"},
		{"cpu", "host", "CPU", "host", judgeCPU, "cores available to raptoreumd; information only"},
		{"disk", "host", "disk", "datadir", judgeDisk, "there is free space where the data directory is"},
		{"open_files", "host", "files", "process", judgeFiles, "raptoreumd has file descriptors left"},
		{"release", "version", "release", "release", judgeRelease, "no newer release exists"},
	}
}

// Rules returns the descriptions of all rules, in the order of the findings.
func Rules() []Rule {
	var all []Rule
	for _, r := range table() {
		all = append(all, Rule{r.id, r.section, r.name, r.help})
	}
	return all
}
