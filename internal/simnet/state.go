package simnet

import (
	"fmt"
	"slices"
	"time"
)

// State is everything about the network that a test or a script may switch. The zero value is
// not useful: Start makes the first one from the scenario, Network.Set and the control page
// change it. The switches are independent, because a process with a closed port differs from a
// dead one: a dead daemon is daemon=refused and port=closed. The heights and the consequences of a
// ban are the exception; see settle.
type State struct {
	Daemon        DaemonMode `json:"daemon"`
	RPCDelay      Duration   `json:"rpc_delay"`       // of each call; each element of a batch costs it
	MainLockDelay Duration   `json:"main_lock_delay"` // of each request that takes the main lock, as on a busy machine; the others are answered at once
	HangDKGStatus bool       `json:"hang_dkgstatus"`  // quorum dkgstatus loops forever
	HangList      bool       `json:"hang_list"`       // protx list is not answered
	Pruned        bool       `json:"pruned"`          // getblock has no blocks any more
	FailCount     bool       `json:"fail_count"`      // smartnode count answers with an RPC error
	Started       time.Time  `json:"started"`         // uptime counts from it
	Version       string     `json:"version"`         // such as 2.0.3.1
	Warnings      string     `json:"warnings"`

	Height        int      `json:"height"`         // of our daemon's tip
	NetworkHeight int      `json:"network_height"` // of the others (explorers); never below Height
	Headers       int      `json:"headers"`
	BlockTime     int64    `json:"block_time"`    // of our tip, unix seconds
	AdvanceEvery  Duration `json:"advance_every"` // interval of new blocks; 0 is never
	Stalled       bool     `json:"stalled"`       // our daemon does not get the new blocks

	InitialBlockDownload bool `json:"initial_block_download"`
	SyncFinished         bool `json:"mnsync_finished"`
	ChainlockHeight      int  `json:"chainlock_height"` // 0: none yet
	ChainlockKnown       bool `json:"chainlock_known"`
	SporksReceived       bool `json:"sporks_received"` // false: all at 4070908800

	PeersIn     int      `json:"peers_in"`
	PeersOut    int      `json:"peers_out"`
	PeersHeight int      `json:"peers_height"`
	PeersPing   Duration `json:"peers_ping"`
	PeersOffset Duration `json:"peers_offset"` // their clocks minus ours; 0: as captured

	Smartnode          SmartnodeMode `json:"smartnode"`
	Penalty            int           `json:"penalty"`
	BanHeight          int           `json:"ban_height"`     // -1: not banned
	RevivedHeight      int           `json:"revived_height"` // -1: never banned before
	Address            string        `json:"address"`        // service in the ProTx
	LocalAddress       string        `json:"local_address"`  // service in smartnode status
	DKGPhase           int           `json:"dkg_phase"`      // 0: no session; 1 to 7
	MembershipsValid   int           `json:"memberships_valid"`
	MembershipsInvalid int           `json:"memberships_invalid"`
	ListSize           int           `json:"list_size"` // registered smartnodes, at least the captured ones
	Enabled            int           `json:"enabled"`   // of smartnode count; 0: what follows from the list

	Port      PortMode   `json:"port"`
	Explorers []Explorer `json:"explorers"`
}

// Explorer is the state of one block explorer.
type Explorer struct {
	Mode      ExplorerMode `json:"mode"`
	Offset    int          `json:"offset"`     // added to the height while lying
	Frozen    int          `json:"frozen"`     // the height while stale or lagging, the first one while resyncing; kept by Set
	Since     time.Time    `json:"since"`      // begin of resyncing; kept by Set
	Penalty   *int         `json:"penalty"`    // null: as in the chain
	BanHeight *int         `json:"ban_height"` // null: as in the chain
}

// DaemonMode is the behaviour of the RPC port.
type DaemonMode string

// The modes of the daemon.
const (
	DaemonOK           DaemonMode = "ok"
	DaemonWarmingUp    DaemonMode = "warming_up"    // -28 to every call
	DaemonHung         DaemonMode = "hung"          // reads, never answers
	DaemonHungMainLock DaemonMode = "hung_mainlock" // answers only what does not take the main lock
	DaemonBusy         DaemonMode = "busy"          // work queue full
	DaemonRefused      DaemonMode = "refused"       // not listening
	DaemonUnauthorized DaemonMode = "unauthorized"  // 401 whatever the credentials
	DaemonForbidden    DaemonMode = "forbidden"     // 403
	DaemonStopping     DaemonMode = "stopping"      // 503
	DaemonTruncated    DaemonMode = "truncated"     // half of the reply, then the end
	DaemonHuge         DaemonMode = "huge"          // a reply of 100 MB
	DaemonOtherShape   DaemonMode = "other_shape"   // numbers for objects and so on
	DaemonGarbageText  DaemonMode = "garbage_text"  // texts of 1 MB, not UTF-8
	DaemonNotJSON      DaemonMode = "not_json"      // 200 with HTML
)

// DaemonModes lists every DaemonMode.
func DaemonModes() []DaemonMode {
	return []DaemonMode{
		DaemonOK, DaemonWarmingUp, DaemonHung, DaemonHungMainLock, DaemonBusy,
		DaemonRefused, DaemonUnauthorized, DaemonForbidden, DaemonStopping, DaemonTruncated,
		DaemonHuge, DaemonOtherShape, DaemonGarbageText, DaemonNotJSON,
	}
}

// SmartnodeMode is the state of its own smartnode that the daemon reports.
type SmartnodeMode string

// The states of the smartnode. A scenario in which it is not registered cannot become ready.
const (
	SmartnodeReady           SmartnodeMode = "ready"
	SmartnodePoSeBanned      SmartnodeMode = "pose_banned"
	SmartnodeWaitingForProTx SmartnodeMode = "waiting_for_protx" // wrong operator key: the ProTx stays in the list
	SmartnodeRemoved         SmartnodeMode = "removed"           // collateral spent: not in the list any more
	SmartnodeError           SmartnodeMode = "error"             // local address is not the one of the ProTx
	SmartnodeNone            SmartnodeMode = "not_a_smartnode"
)

// SmartnodeModes lists every SmartnodeMode.
func SmartnodeModes() []SmartnodeMode {
	return []SmartnodeMode{
		SmartnodeReady, SmartnodePoSeBanned, SmartnodeWaitingForProTx,
		SmartnodeRemoved, SmartnodeError, SmartnodeNone,
	}
}

// PortMode is the behaviour of the peer-to-peer port.
type PortMode string

// The modes of the peer-to-peer port.
const (
	PortOK          PortMode = "ok" // with mnauth while the smartnode is ready
	PortClosed      PortMode = "closed"
	PortAcceptClose PortMode = "accept_close" // as a smartnode that is not synced does
	PortSilent      PortMode = "silent"
	PortWrongMagic  PortMode = "wrong_magic" // answers of another network
	PortSlowDrip    PortMode = "slow_drip"   // ten bytes a second
	PortNoMNAuth    PortMode = "no_mnauth"
	PortWrongProTx  PortMode = "wrong_protx"  // mnauth of another smartnode
	PortOldProtocol PortMode = "old_protocol" // reject 70219, as a peer does for an old protocol version
	PortGarbage     PortMode = "garbage"
)

// PortModes lists every PortMode.
func PortModes() []PortMode {
	return []PortMode{
		PortOK, PortClosed, PortAcceptClose, PortSilent, PortWrongMagic, PortSlowDrip,
		PortNoMNAuth, PortWrongProTx, PortOldProtocol, PortGarbage,
	}
}

// ExplorerMode is the behaviour of an explorer.
type ExplorerMode string

// The modes of an explorer.
const (
	ExplorerOK          ExplorerMode = "ok"
	ExplorerDown        ExplorerMode = "down"  // not listening
	ExplorerHTML        ExplorerMode = "html"  // 200 with a page
	ExplorerStale       ExplorerMode = "stale" // stays at its height
	ExplorerLying       ExplorerMode = "lying" // height + offset
	ExplorerForked      ExplorerMode = "forked"
	ExplorerSlowDrip    ExplorerMode = "slow_drip" // ten bytes a second
	ExplorerRateLimited ExplorerMode = "rate_limited"
	ExplorerErrorText   ExplorerMode = "error_text"   // 200 with "Error: ..."
	ExplorerHuge        ExplorerMode = "huge"         // a reply of 100 MB
	ExplorerRedirect    ExplorerMode = "redirect"     // 302 to a listener that counts requests
	ExplorerUnknownNode ExplorerMode = "unknown_node" // does not know our ProTx
	ExplorerLagging     ExplorerMode = "lagging"      // its daemon stays at height 6, or frozen
	ExplorerResyncing   ExplorerMode = "resyncing"    // its daemon downloads the chain again, from height 0
	ExplorerStarting    ExplorerMode = "starting"     // its daemon answers -28
	ExplorerHang        ExplorerMode = "hang"         // reads, never answers
)

// ExplorerModes lists every ExplorerMode.
func ExplorerModes() []ExplorerMode {
	return []ExplorerMode{
		ExplorerOK, ExplorerDown, ExplorerHTML, ExplorerStale, ExplorerLying,
		ExplorerForked, ExplorerSlowDrip, ExplorerRateLimited, ExplorerErrorText, ExplorerHuge,
		ExplorerRedirect, ExplorerUnknownNode, ExplorerLagging, ExplorerResyncing, ExplorerStarting,
		ExplorerHang,
	}
}

// Duration is a time.Duration that JSON shows as "1m30s".
type Duration time.Duration

// MarshalText returns d as time.Duration prints it.
func (d Duration) MarshalText() ([]byte, error) {
	return []byte(time.Duration(d).String()), nil
}

// UnmarshalText reads what time.ParseDuration accepts.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

func (s State) clone() State {
	s.Explorers = slices.Clone(s.Explorers)
	for i := range s.Explorers {
		e := &s.Explorers[i]
		e.Penalty, e.BanHeight = clonePointer(e.Penalty), clonePointer(e.BanHeight)
	}
	return s
}

func clonePointer(p *int) *int {
	if p == nil {
		return nil
	}
	value := *p
	return &value
}

// validate rejects a State that cannot be simulated; base is the captured one.
func (s State) validate(base State, explorers int) error {
	if len(s.Explorers) != explorers {
		return fmt.Errorf("%d explorers; their number is fixed at start to %d", len(s.Explorers), explorers)
	}
	for i, e := range s.Explorers {
		if !slices.Contains(ExplorerModes(), e.Mode) {
			return fmt.Errorf("explorer %d: unknown mode %q; want one of %q", i+1, e.Mode, ExplorerModes())
		}
	}
	switch {
	case !slices.Contains(DaemonModes(), s.Daemon):
		return fmt.Errorf("unknown daemon mode %q; want one of %q", s.Daemon, DaemonModes())
	case !slices.Contains(SmartnodeModes(), s.Smartnode):
		return fmt.Errorf("unknown smartnode state %q; want one of %q", s.Smartnode, SmartnodeModes())
	case !slices.Contains(PortModes(), s.Port):
		return fmt.Errorf("unknown port mode %q; want one of %q", s.Port, PortModes())
	case s.Height < 0 || s.Headers < -1 || s.PeersIn < 0 || s.PeersOut < 0 ||
		s.MembershipsValid < 0 || s.MembershipsInvalid < 0:
		return fmt.Errorf("a height or a count below 0")
	case s.Enabled < 0:
		return fmt.Errorf("%d enabled smartnodes; want a number of them, or 0 for what follows from the list", s.Enabled)
	case s.DKGPhase < 0 || s.DKGPhase > 7:
		return fmt.Errorf("DKG phase %d; want 0 (none) to 7", s.DKGPhase)
	case s.ListSize < base.ListSize || s.ListSize > 100_000:
		return fmt.Errorf("list of %d smartnodes; want the %d captured ones to 100000", s.ListSize, base.ListSize)
	}
	return nil
}
