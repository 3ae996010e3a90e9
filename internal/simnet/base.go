package simnet

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"
)

// captured holds what the first State is made of.
type captured struct {
	height, uptime int
	info           struct {
		Headers  int
		Warnings string
		IBD      bool   `json:"initialblockdownload"`
		BestHash string `json:"bestblockhash"`
	}
	header struct {
		Time     int64
		Previous string `json:"previousblockhash"`
	}
	lock struct {
		Hash   string `json:"blockhash"`
		Height int
		Known  bool `json:"known_block"`
	}
	network struct{ Subversion string }
	sync    struct{ IsSynced bool }
	sporks  map[string]int64
	peers   []struct {
		Inbound  bool
		Ping     float64 `json:"pingtime"`
		Starting int     `json:"startingheight"`
		Headers  int     `json:"synced_headers"`
	}
	status struct{ State, Service, ProTxHash string }
	count  struct{ Total int }
	node   registered
	list   []registered
	quorum []struct {
		Height        int
		Type          string
		QuorumHash    string
		IsValidMember bool
	}
	dkg struct {
		Session map[string]struct{ Phase int }
	}
}

// registered is one entry of protx list.
type registered struct {
	ProTxHash string
	State     struct {
		Service                          string
		RegisteredHeight, LastPaidHeight int
		PoSePenalty, PoSeBanHeight       int
		PoSeRevivedHeight                int
	}
}

// paidKey orders the payment queue as the daemon does (deterministicmns.cpp).
func (r registered) paidKey() int {
	switch key := max(r.State.LastPaidHeight, r.State.PoSeRevivedHeight); key {
	case 0, -1:
		return r.State.RegisteredHeight
	default:
		return key
	}
}

func (s *Scenario) derive() error {
	var c captured
	if err := errors.Join(
		s.result("getblockcount []", &c.height), s.result("uptime []", &c.uptime),
		s.result("getblockchaininfo []", &c.info), s.result("getbestchainlock []", &c.lock),
		s.result("getnetworkinfo []", &c.network), s.result("getpeerinfo []", &c.peers),
		s.result(`mnsync ["status"]`, &c.sync), s.result(`spork ["show"]`, &c.sporks),
		s.result(`smartnode ["status"]`, &c.status), s.result(`smartnode ["count"]`, &c.count),
		s.result(`protx ["info","`+s.proTx+`"]`, &c.node), s.result(registeredList, &c.list),
		s.result(`quorum ["memberof","`+s.proTx+`"]`, &c.quorum), s.result(`quorum ["dkgstatus"]`, &c.dkg),
	); err != nil {
		return err
	}
	if err := s.result(`getblockheader ["`+c.info.BestHash+`"]`, &c.header); err != nil {
		return err
	}
	s.uptime = time.Duration(c.uptime) * time.Second
	s.own = c.status.ProTxHash
	if s.own == "" {
		s.own = s.proTx
	}
	s.quorum = "llmq_3_60"
	if len(c.quorum) > 0 {
		s.quorum = c.quorum[0].Type
	}
	s.deriveChain(c)
	s.deriveQueue(c.list)
	s.base = c.state()
	if r := s.replies["uptime []"]; r.err != nil && r.err.Code == codeWarmingUp {
		s.base.Daemon = DaemonWarmingUp
	}
	if r := s.replies[`smartnode ["status"]`]; r.err != nil && r.err.Code == codeInternal {
		s.base.Smartnode = SmartnodeNone
	}
	return nil
}

func (s *Scenario) deriveChain(c captured) {
	s.chain = make(chain)
	for _, q := range c.quorum {
		s.chain[q.Height] = q.QuorumHash // a quorum is named after the block it started at
	}
	if c.lock.Height > 0 {
		s.chain[c.lock.Height] = c.lock.Hash
	}
	if c.header.Previous != "" {
		s.chain[c.height-1] = c.header.Previous
	}
	if c.info.BestHash != "" {
		s.chain[c.height] = c.info.BestHash
	}
}

func (s *Scenario) deriveQueue(list []registered) {
	list = slices.DeleteFunc(slices.Clone(list), func(r registered) bool { return r.State.PoSeBanHeight != -1 })
	slices.SortFunc(list, func(a, b registered) int { return a.paidKey() - b.paidKey() })
	s.rank = make(map[string]int)
	for i, r := range list {
		s.rank[r.ProTxHash] = i
	}
}

func (c captured) state() State {
	s := State{
		Daemon: DaemonOK, Port: PortOK, Smartnode: SmartnodeReady,
		Version:  strings.TrimSuffix(strings.TrimPrefix(c.network.Subversion, "/Raptoreum Core:"), "/"),
		Warnings: c.info.Warnings,
		Height:   c.height, Headers: c.info.Headers, BlockTime: c.header.Time,
		InitialBlockDownload: c.info.IBD, SyncFinished: c.sync.IsSynced,
		ChainlockHeight: c.lock.Height, ChainlockKnown: c.lock.Known,
		Penalty: c.node.State.PoSePenalty, BanHeight: -1, RevivedHeight: -1,
		Address: c.node.State.Service, LocalAddress: c.status.Service,
		ListSize: max(len(c.list), c.count.Total),
	}
	if c.node.ProTxHash != "" {
		s.BanHeight, s.RevivedHeight = c.node.State.PoSeBanHeight, c.node.State.PoSeRevivedHeight
	}
	if state := SmartnodeMode(strings.ToLower(c.status.State)); slices.Contains(SmartnodeModes(), state) {
		s.Smartnode = state
	}
	for _, value := range c.sporks {
		s.SporksReceived = s.SporksReceived || value != sporkOff
	}
	for _, p := range c.peers {
		if p.Inbound {
			s.PeersIn++
		} else {
			s.PeersOut++
		}
		s.PeersHeight = max(s.PeersHeight, p.Starting, p.Headers)
		if s.PeersPing == 0 {
			s.PeersPing = Duration(math.Round(p.Ping*1e6)) * Duration(time.Microsecond)
		}
	}
	for _, q := range c.quorum {
		if q.IsValidMember {
			s.MembershipsValid++
		} else {
			s.MembershipsInvalid++
		}
	}
	for _, session := range c.dkg.Session {
		s.DKGPhase = max(s.DKGPhase, session.Phase)
	}
	s.NetworkHeight = max(s.Height, s.Headers, s.PeersHeight, s.ChainlockHeight)
	return s
}
