package simnet

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	watched = "d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a"
	infoOf  = `["info","` + watched + `"]`
)

func TestBlocks(t *testing.T) {
	n := start(t, "healthy")
	tip := field(t, ask(t, n, "getblockchaininfo", "[]"), "bestblockhash")
	n.AddBlock()
	info := ask(t, n, "getblockchaininfo", "[]")
	hash := field(t, info, "bestblockhash")
	if field(t, info, "blocks") != "530" || field(t, info, "headers") != "530" || hash == tip {
		t.Errorf("after a block: %v", info)
	}
	header := ask(t, n, "getblockheader", `["`+hash+`"]`)
	if field(t, header, "previousblockhash") != tip || field(t, header, "height") != "530" ||
		field(t, header, "confirmations") != "1" || field(t, header, "chainlock") != "true" {
		t.Errorf("header %v", header)
	}
	if age := time.Now().Unix() - n.State().BlockTime; age < 0 || age > 10 || field(t, header, "time") != fmt.Sprint(n.State().BlockTime) {
		t.Errorf("block time %d s ago; header %v", age, header)
	}
	if lock := ask(t, n, "getbestchainlock", "[]"); field(t, lock, "height") != "530" || field(t, lock, "blockhash") != hash {
		t.Errorf("chainlock %v", lock)
	}
	for height, want := range map[string]string{
		"529": tip, "530": hash, "531": "-8 Block height out of range", "-1": "-8 Block height out of range",
	} {
		if got := ask(t, n, "getblockhash", "["+height+"]"); got != want {
			t.Errorf("getblockhash %s: %v; want %s", height, got, want)
		}
	}
	old := ask(t, n, "getblockhash", "[77]").(string)
	if header := ask(t, n, "getblockheader", `["`+old+`"]`); field(t, header, "height") != "77" || field(t, header, "confirmations") != "454" {
		t.Errorf("old header %v", header)
	}
	if got := ask(t, n, "getblockheader", `["`+strings.Repeat("0", 64)+`"]`); got != "-5 Block not found" {
		t.Errorf("unknown header: %v", got)
	}
}

// A stalled daemon hears of the network's blocks from its peers and its chainlock only.
func TestStalledThenCatchingUp(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Stalled = true })
	n.AddBlock()
	n.AddBlock()
	got := n.State()
	if got.Height != 529 || got.Headers != 529 || got.NetworkHeight != 531 || got.PeersHeight != 531 ||
		got.ChainlockHeight != 531 || got.ChainlockKnown {
		t.Errorf("stalled: %+v", got)
	}
	if body := get(t, n.ExplorerURLs()[0]+"/api/getblockcount").body; body != "531" {
		t.Errorf("explorer: %s", body)
	}
	if peer := ask(t, n, "getpeerinfo", "[]").([]any)[0]; field(t, peer, "synced_headers") != "531" {
		t.Errorf("peer %v", peer)
	}
	n.Set(func(s *State) { s.Stalled = false })
	if got := n.State(); got.Height != 531 || !got.ChainlockKnown {
		t.Errorf("caught up: %+v", got)
	}
}

func TestBlocksComeByThemselves(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.AdvanceEvery = Duration(20 * time.Millisecond) })
	for end := time.Now().Add(5 * time.Second); n.State().Height < 532; {
		if time.Now().After(end) {
			t.Fatalf("height %d", n.State().Height)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestSmartnodeStates(t *testing.T) {
	const null = "0000000000000000000000000000000000000000000000000000000000000000-4294967295"
	tests := []struct {
		mode           SmartnodeMode
		status         any
		info           string // PoSePenalty, PoSeBanHeight, or an error
		total, enabled string
	}{
		{SmartnodePoSeBanned, object{
			"outpoint": null, "service": "127.0.0.1:31001", "state": "POSE_BANNED",
			"status": "Smartnode was PoSe banned",
		}, "100 529", "4", "3"},
		{SmartnodeWaitingForProTx, object{
			"outpoint": null, "service": "127.0.0.1:31001", "state": "WAITING_FOR_PROTX",
			"status": "Waiting for ProTx to appear on-chain",
		}, "0 -1", "4", "4"},
		{SmartnodeRemoved, object{
			"outpoint": null, "service": "127.0.0.1:31001", "state": "REMOVED",
			"status": "Smartnode removed from list",
		}, "-8 " + watched + " not found", "3", "3"},
		{SmartnodeError, object{
			"outpoint": null, "service": "127.0.0.1:31001", "state": "ERROR",
			"status": "Error. Local address does not match the address from ProTx",
		}, "0 -1", "4", "4"},
		{SmartnodeNone, "-32603 This is not a smartnode", "0 -1", "4", "4"},
	}
	for _, test := range tests {
		t.Run(string(test.mode), func(t *testing.T) {
			n := start(t, "healthy")
			before := ask(t, n, "smartnode", `["status"]`)
			n.Set(func(s *State) { s.Smartnode = test.mode })
			if diff := cmp.Diff(test.status, ask(t, n, "smartnode", `["status"]`)); diff != "" {
				t.Errorf("smartnode status (-want +got):\n%s", diff)
			}
			info, isError := ask(t, n, "protx", infoOf).(string)
			if !isError {
				state := ask(t, n, "protx", infoOf).(object)["state"]
				info = field(t, state, "PoSePenalty") + " " + field(t, state, "PoSeBanHeight")
			}
			list := ask(t, n, "protx", `["list","registered",true]`).([]any)
			count := ask(t, n, "smartnode", `["count"]`)
			if info != test.info || fmt.Sprint(len(list)) != test.total ||
				field(t, count, "total") != test.total || field(t, count, "enabled") != test.enabled {
				t.Errorf("protx info %s, %d in the list, count %v; want %+v", info, len(list), count, test)
			}
			n.Set(func(s *State) { s.Smartnode = SmartnodeReady; s.RevivedHeight = -1 })
			if diff := cmp.Diff(before, ask(t, n, "smartnode", `["status"]`)); diff != "" && test.mode != SmartnodePoSeBanned {
				t.Errorf("ready again (-before +after):\n%s", diff)
			}
		})
	}
}

func TestRevived(t *testing.T) {
	n := start(t, "pose-banned")
	n.Set(func(s *State) { s.Smartnode = SmartnodeReady })
	state := ask(t, n, "smartnode", `["status"]`).(object)["dmnState"]
	got := field(t, state, "PoSePenalty") + field(t, state, "PoSeBanHeight") + " " + field(t, state, "PoSeRevivedHeight")
	if got != "0-1 620" {
		t.Errorf("got %s; want penalty 0, no ban, revived at 620", got)
	}
}

// The payment queue goes on where it was captured: every block pays one, each in turn.
func TestPaymentQueue(t *testing.T) {
	for _, size := range []int{10, 40} {
		n := start(t, "paid-10-smartnodes")
		n.Set(func(s *State) { s.ListSize = size })
		before := map[string]int{}
		for block := range size + 5 {
			n.AddBlock()
			paid := 0
			list := ask(t, n, "protx", `["list","registered",true]`).([]any)
			if len(list) != size {
				t.Fatalf("list of %d; want %d", len(list), size)
			}
			for _, node := range list {
				hash := field(t, node, "proTxHash")
				var last int
				if _, err := fmt.Sscan(field(t, node, "state", "lastPaidHeight"), &last); err != nil {
					t.Fatal(err)
				}
				if last < before[hash] || last > n.State().Height {
					t.Fatalf("block %d: %s last paid at %d, before that at %d", n.State().Height, hash, last, before[hash])
				}
				if last == n.State().Height {
					paid++
				}
				before[hash] = last
			}
			if paid != 1 {
				t.Fatalf("size %d, block %d: %d were paid", size, block, paid)
			}
		}
		for hash := range before { // also the made ones can be asked for
			if info := ask(t, n, "protx", `["info","`+hash+`"]`); field(t, info, "proTxHash") != hash {
				t.Fatalf("protx info: %v", info)
			}
		}
	}
}

// Every other field of State shows in the replies.
func TestFieldsOfState(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) {
		s.Penalty, s.Address, s.LocalAddress = 66, "203.0.113.1:10226", "203.0.113.2:10226"
		s.Warnings, s.InitialBlockDownload, s.SyncFinished, s.SporksReceived = "The network ...", true, false, false
		s.Version, s.PeersIn, s.PeersOut, s.PeersPing = "2.0.4.1", 5, 8, Duration(250*time.Millisecond)
		s.Headers, s.ChainlockHeight, s.BlockTime = 600, 0, 1700000000
		s.DKGPhase, s.MembershipsValid, s.MembershipsInvalid = 3, 2, 1
		s.Started = time.Now().Add(-time.Hour)
	})
	info := ask(t, n, "getblockchaininfo", "[]")
	network := ask(t, n, "getnetworkinfo", "[]")
	sync := ask(t, n, "mnsync", `["status"]`)
	node := ask(t, n, "smartnode", `["status"]`)
	peers := ask(t, n, "getpeerinfo", "[]").([]any)
	members := ask(t, n, "quorum", `["memberof","`+watched+`"]`).([]any)
	inbound := 0
	for _, p := range peers {
		if p.(object)["inbound"] == true {
			inbound++
		}
	}
	got := []string{
		field(t, info, "warnings"), field(t, info, "initialblockdownload"), field(t, info, "headers"),
		field(t, info, "mediantime"), field(t, network, "version"), field(t, network, "subversion"),
		field(t, network, "buildversion"), field(t, network, "connections"), field(t, sync, "IsSynced"),
		field(t, sync, "AssetName"), field(t, node, "service"), field(t, node, "dmnState", "service"),
		field(t, node, "dmnState", "PoSePenalty"), field(t, peers[3], "pingtime"),
		fmt.Sprintf("%d peers, %d inbound", len(peers), inbound),
		fmt.Sprintf("%d quorums", len(members)), field(t, members[0], "isValidMember"), field(t, members[1], "isValidMember"),
		field(t, ask(t, n, "spork", `["show"]`), "SPORK_17_QUORUM_DKG_ENABLED"),
		field(t, ask(t, n, "quorum", `["dkgstatus"]`), "session", "llmq_3_60", "phase"),
		fmt.Sprint(ask(t, n, "getbestchainlock", "[]")), fmt.Sprint(ask(t, n, "uptime", "[]")),
	}
	want := []string{
		"The network ...", "true", "600", "1699999400", "2000401", "/Raptoreum Core:2.0.4.1/", "v2.0.04.01-unk", "13",
		"false", "SMARTNODE_SYNC_BLOCKCHAIN", "203.0.113.2:10226", "203.0.113.1:10226", "66", "0.25",
		"13 peers, 5 inbound", "3 quorums", "false", "true", "4070908800", "3",
		"-32603 Unable to find any chainlock", "3600",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := n.Restart(); err != nil {
		t.Fatal(err)
	}
	if uptime := fmt.Sprint(ask(t, n, "uptime", "[]")); uptime != "0" && uptime != "1" {
		t.Errorf("uptime %s after a restart", uptime)
	}
}

// The made DKG session is the captured one but for its block.
func TestDKGPhases(t *testing.T) {
	n := start(t, "healthy")
	for phase := 1; phase <= 5; phase++ {
		data, err := os.ReadFile(fmt.Sprintf("%scaptures/dkg-in-progress/mn1_phase%d_level0.json", testdata, phase))
		if err != nil {
			t.Fatal(err)
		}
		want := decode([]byte(decode(data).(object)["body"].(string))).(object)["result"].(object)["session"]
		n.Set(func(s *State) { s.DKGPhase, s.Height = phase, 400 })
		got := ask(t, n, "quorum", `["dkgstatus",0]`).(object)["session"]
		want.(object)["llmq_3_60"].(object)["quorumHash"] = n.config.Scenario.chain.hash(390)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("phase %d (-captured +fake):\n%s", phase, diff)
		}
	}
	n.Set(func(s *State) { s.DKGPhase = 0 })
	if got := ask(t, n, "quorum", `["dkgstatus"]`); len(got.(object)["session"].(object)) != 0 || field(t, got, "time") != "0" {
		t.Errorf("idle: %v", got)
	}
}

func TestStatesThatCannotBe(t *testing.T) {
	n := start(t, "healthy")
	for _, merge := range []string{
		`{"list_size":3}`, `{"list_size":1000000}`, `{"height":-1}`, `{"dkg_phase":8}`, `{"smartnode":"x"}`,
		`{"port":"x"}`, `{"explorers":[{"mode":"x"}]}`, `{"peers_in":-1}`,
	} {
		if err := n.update(func(s *State) error { return s.merge([]byte(merge)) }); err == nil {
			t.Errorf("%s was accepted", merge)
		}
	}
}

func TestSetPanicsOnAnUnknownMode(t *testing.T) {
	n := start(t, "healthy")
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
		if got := n.State().Daemon; got != DaemonOK {
			t.Errorf("daemon %s", got)
		}
	}()
	n.Set(func(s *State) { s.Daemon = "hanging" })
}
