package daemon

// Replies of the daemon, with the fields that are used. A field that is always sent is a pointer,
// never nil once decoded; one that may be missing has omitempty in its tag.

// RPCInfo is the reply of getrpcinfo (rpc/server.cpp).
type RPCInfo struct {
	ActiveCommands *[]struct {
		Method   *string `json:"method"`
		Duration *int64  `json:"duration"` // microseconds
	} `json:"active_commands"`
}

// NetTotals is the reply of getnettotals (rpc/net.cpp).
type NetTotals struct {
	Received *uint64 `json:"totalbytesrecv"`
	Sent     *uint64 `json:"totalbytessent"`
}

// SyncStatus is the reply of mnsync status (rpc/misc.cpp).
type SyncStatus struct {
	AssetID  *int  `json:"AssetID"` // 1 blockchain, 4 governance, 999 finished
	IsSynced *bool `json:"IsSynced"`
}

// SmartnodeCount is the reply of smartnode count. Enabled smartnodes are not banned and have a
// collateral amount that is eligible for payments.
type SmartnodeCount struct {
	Total   *int `json:"total"`
	Enabled *int `json:"enabled"`
}

// ChainInfo is the reply of getblockchaininfo (rpc/blockchain.cpp).
type ChainInfo struct {
	Chain                *string  `json:"chain"`
	Blocks               *int64   `json:"blocks"`
	Headers              *int64   `json:"headers"` // -1 before the first; may be below Blocks
	BestBlockHash        *string  `json:"bestblockhash"`
	VerificationProgress *float64 `json:"verificationprogress"`
	InitialBlockDownload *bool    `json:"initialblockdownload"`
	SizeOnDisk           *uint64  `json:"size_on_disk"`
}

// NetworkInfo is the reply of getnetworkinfo (rpc/net.cpp).
type NetworkInfo struct {
	Version         *int    `json:"version"` // 1000000*major + 10000*minor + 100*revision + build
	BuildVersion    *string `json:"buildversion"`
	Subversion      *string `json:"subversion"`
	ProtocolVersion *int    `json:"protocolversion"`
	Warnings        *string `json:"warnings"`
}

// Chainlock is the reply of getbestchainlock.
type Chainlock struct {
	Height     *int64 `json:"height"`
	KnownBlock *bool  `json:"known_block"` // false: the network has locked a block that this node does not have
}

// SmartnodeStatus is the reply of smartnode status (rpc/smartnode.cpp). ProTxHash and DMNState
// are present only while State is READY.
type SmartnodeStatus struct {
	Service   *string   `json:"service"`
	State     *string   `json:"state"`
	Status    *string   `json:"status"`
	ProTxHash *Hash     `json:"proTxHash,omitempty"`
	DMNState  *DMNState `json:"dmnState,omitempty"`
}

// DMNState is a smartnode's entry in the deterministic list (evo/deterministicmns.cpp).
type DMNState struct {
	Service           *string `json:"service"`
	RegisteredHeight  *int64  `json:"registeredHeight"`
	LastPaidHeight    *int64  `json:"lastPaidHeight"` // 0 = never
	PoSePenalty       *int    `json:"PoSePenalty"`
	PoSeRevivedHeight *int64  `json:"PoSeRevivedHeight"` // -1 = never
	PoSeBanHeight     *int64  `json:"PoSeBanHeight"`     // -1 = not banned
	OwnerAddress      *string `json:"ownerAddress"`
	VotingAddress     *string `json:"votingAddress"`
	PayoutAddress     *string `json:"payoutAddress,omitempty"`
	PubKeyOperator    *string `json:"pubKeyOperator"`
	OperatorPayout    *string `json:"operatorPayoutAddress,omitempty"`
}

// ProTx is the reply of protx info, and one entry of protx list with details.
type ProTx struct {
	ProTxHash     *Hash     `json:"proTxHash"`
	NeedToUpgrade *bool     `json:"needToUpgrade,omitempty"` // the collateral amount is no longer eligible for payments; missing when it is spent
	State         *DMNState `json:"state"`
	// OperatorReward is the operator's share of each payment in percent, if there is an operator payout address.
	OperatorReward *float64 `json:"operatorReward,omitempty"`
}

// Peer is one element of getpeerinfo's reply (rpc/net.cpp).
type Peer struct {
	Inbound        *bool    `json:"inbound"`
	Subversion     *string  `json:"subver"`
	PingTime       *float64 `json:"pingtime,omitempty"` // seconds
	StartingHeight *int64   `json:"startingheight"`
	SyncedHeaders  *int64   `json:"synced_headers,omitempty"` // -1 = unknown
	SyncedBlocks   *int64   `json:"synced_blocks,omitempty"`
	Connected      *int64   `json:"conntime,omitempty"`   // unix seconds
	TimeOffset     *int64   `json:"timeoffset,omitempty"` // its clock minus ours when it connected, in seconds
}

// Height returns the highest block height that the peer has claimed; negative: unknown.
func (p *Peer) Height() int64 {
	height := *p.StartingHeight
	for _, synced := range []*int64{p.SyncedHeaders, p.SyncedBlocks} {
		if synced != nil {
			height = max(height, *synced)
		}
	}
	return height
}

// BlockHeader is the reply of getblockheader.
type BlockHeader struct {
	Height *int64 `json:"height"`
	Time   *int64 `json:"time"` // unix seconds, as the miner claims
}

// Block is the reply of getblock with verbosity 1 (rpc/blockchain.cpp).
type Block struct {
	Transactions *[]Hash `json:"tx"` // the first is the coinbase
}

// Transaction is the reply of getrawtransaction for a transaction of a given block
// (rpc/rawtransaction.cpp).
type Transaction struct {
	InActiveChain *bool     `json:"in_active_chain"` // the block is not on an abandoned branch
	Outputs       *[]Output `json:"vout"`
}

// Output is one output of a transaction.
type Output struct {
	Value  *int64 `json:"valueSat"` // 1e-8 RTM
	Script *struct {
		Addresses []string `json:"addresses"` // none for a script of an unknown form, several for multisig
	} `json:"scriptPubKey"`
}

// Membership is one element of quorum memberof's reply.
type Membership struct {
	Height        *int64 `json:"height"`
	IsValidMember *bool  `json:"isValidMember"` // false: this node missed that DKG
}

// DKGStatus is the reply of quorum dkgstatus. Sessions has one entry for each DKG that this
// node takes part in; the names of the quorum types change with the size of the network.
type DKGStatus struct {
	Sessions *map[string]struct {
		Phase   *int  `json:"phase"` // 1 initialized, 2 contribute, 3 complain, 4 justify, 5 commit, 6 finalize, 7 idle
		Aborted *bool `json:"aborted"`
	} `json:"session"`
}
