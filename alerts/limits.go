package alerts

// Limits that alerts.yml, the check command and the dashboards share. A test compares alerts.yml with them.
// Each comment gives the unit, the alert and the reason.
const (
	// StaleTip is the age in seconds of the newest block from which RaptoreumChainStalled warns. Blocks arrive
	// every 120 s on average, and a gap of 20 minutes occurs about once a month.
	StaleTip = 1200
	// StalledTip is the age in seconds from which RaptoreumChainStalled is critical. With its "for" that makes
	// 40 minutes, which do not happen by chance.
	StalledTip = 2100
	// OldChain is the age in seconds of the newest block from which what a daemon says of its smartnode is the past
	// (RaptoreumSmartnodePoSeBanned): key generations, which can ban it, start every hour.
	OldChain = 3600
	// FreshTip is the age in seconds up to which a node is not behind, whatever others report
	// (RaptoreumChainBehind).
	FreshTip = 600
	// MaxBlocksBehind is the number of blocks by which others may be ahead (RaptoreumChainBehind): 10 minutes.
	MaxBlocksBehind = 5
	// FreshTipLag and MaxBlockLag are the same limits for the warning (RaptoreumChainBehind): 3 blocks are more than a
	// delay of the propagation.
	FreshTipLag = 300
	MaxBlockLag = 2
	// MaxExplorerLag is the number of blocks from which an explorer is too far behind for a comparison of
	// heights (RaptoreumChainBehind).
	MaxExplorerLag = 10
	// MaxForkLag is the number of blocks from which an explorer is too far behind for a comparison of block
	// hashes: where it stopped, it may have kept an abandoned block (RaptoreumChainForked).
	MaxForkLag = 30
	// MaxForkLead is the number of blocks from which an explorer is too far ahead for a fork on which our peers are too:
	// a week of blocks. It shows another network (RaptoreumChainForked).
	MaxForkLead = 5000
	// MaxPeerGap is the number of blocks up to which the median height of the peers counts as ours
	// (RaptoreumChainBehind, RaptoreumChainForked, RaptoreumExplorersDisagree).
	MaxPeerGap = 2
	// MaxBlockGap is the age in seconds of the tip up to which peers at our height outweigh explorers that are
	// ahead: until then it may be a gap between blocks (RaptoreumChainBehind).
	MaxBlockGap = 1500
	// MaxTipGap is the number of blocks up to which heights count as equal (RaptoreumNetworkStalled).
	MaxTipGap = 1
	// MaxExplorerSpread is the number of blocks by which explorers may differ (RaptoreumExplorersDisagree):
	// 20 minutes, more than caches and block gaps explain.
	MaxExplorerSpread = 10

	// MinPeers is the number of peers below which RaptoreumPeersFew warns; a healthy daemon has 8 outbound.
	MinPeers = 4
	// MaxPing is the median round trip to the peers in seconds (RaptoreumPeersSlow). A phase of a key generation
	// lasts only minutes.
	MaxPing = 1

	// MaxWarmup is the duration of a start in seconds (RaptoreumDaemonStuckWarmingUp). The slowest one, the first
	// after an upgrade, rebuilds the PoW cache in less than half an hour.
	MaxWarmup = 1800
	// ManyRestarts is the number of starts within an hour that are not an upgrade (RaptoreumDaemonRestarting).
	ManyRestarts = 3

	// MinRestartBlocks is the number of blocks, 10 minutes, that a restart needs before the next key generation can
	// start (the texts of RaptoreumUpdateAvailable and RaptoreumFileDescriptorsLow).
	MinRestartBlocks = 5

	// LastStrike is the number of strikes left at which the next missed key generation bans
	// (RaptoreumSmartnodeOneStrikeLeft).
	LastStrike = 1
	// MaxPenaltyRise is the rise of the PoSe penalty in points within an hour
	// (RaptoreumSmartnodePoSePenaltyRose). A missed key generation adds at least 66.
	MaxPenaltyRise = 5
	// MaxPenaltyGap is the number of points by which our penalty may differ from an explorer's
	// (RaptoreumSmartnodeViewsDisagree): less than a missed key generation, more than the decay of a few blocks.
	MaxPenaltyGap = 20
	// OverdueRounds and OverdueBlocks bound the wait for a payment: that many rounds of the payment queue, plus
	// that many blocks (RaptoreumSmartnodePaymentOverdue). The queue moves when smartnodes come and go.
	OverdueRounds = 1.5
	OverdueBlocks = 30
	// MaxPenalised is the share of the network's smartnodes with a penalty (RaptoreumNetworkPoSeStorm).
	MaxPenalised = 0.2
	// MinPenalised is the number of penalised smartnodes from which that share counts: on a network of a few
	// smartnodes one is a large share.
	MinPenalised = 10

	// MinMemory is the share of memory that has to be available (RaptoreumHostMemoryLow). Below it, the kernel
	// soon kills raptoreumd.
	MinMemory = 0.08
	// MaxCPUSteal is the share of the CPU time that the hypervisor gave to other guests (RaptoreumHostCPUStarved).
	MaxCPUSteal = 0.2
	// MaxCPUPressure is the share of time in which some task waited for a CPU (RaptoreumHostCPUStarved).
	MaxCPUPressure = 0.6
	// MinCPUs is the number of cores that the guides recommend (RaptoreumHostTooFewCPUs).
	MinCPUs = 2
	// LowDisk and FullDisk are the free bytes where the chain is, below which RaptoreumDatadirFillingUp is a
	// warning and critical. raptoreumd stops by itself below 50 MiB.
	LowDisk  = 3e9
	FullDisk = 1e9
	// LowDiskShare is the free share of the disk above which the forecast does not count. LowDiskDays is the
	// period of the forecast in days (RaptoreumDatadirFillingUp).
	LowDiskShare = 0.15
	LowDiskDays  = 4
	// MaxOpenFiles is the share of its file descriptors that raptoreumd may have open
	// (RaptoreumFileDescriptorsLow).
	MaxOpenFiles = 0.8
)
