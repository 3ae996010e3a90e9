package simnet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

type object = map[string]any

// view answers calls from the captured replies and one State. What the State did not change stays as
// captured.
type view struct {
	*Scenario
	State
	*crowd // may be nil
	now    time.Time
}

func (n *Network) view(s State) view {
	return view{Scenario: n.config.Scenario, State: s, crowd: n.crowd.Load(), now: time.Now()}
}

// reply executes a call: the captured reply with the changes of the State.
func (v view) reply(c call) (any, *rpcError) {
	if strings.Contains(c.method, " ") { // a sub-command is a parameter
		return nil, &rpcError{codeNoMethod, "Method not found"}
	}
	switch c.name() {
	case "getblockhash":
		return v.blockHash(c)
	case "getblockheader":
		return v.blockHeader(c)
	case "getblock":
		return v.getBlock(c)
	case "getrawtransaction":
		return v.rawTransaction(c)
	case "protx info":
		return v.protxInfo(c)
	case "quorum memberof":
		return v.memberOf(c)
	case "smartnode status":
		return v.status()
	case "smartnode count":
		if v.FailCount {
			return nil, &rpcError{codeInternal, "no list"}
		}
	case "getbestchainlock":
		return v.chainlock()
	}
	captured, ok := v.replies[c.key()]
	if !ok {
		return nil, &rpcError{codeNoMethod, "Method not found"}
	}
	if captured.err != nil {
		return nil, captured.err
	}
	return v.patch(c.key(), decode(captured.result)), nil
}

func (v view) patch(key string, result any) any {
	fields, _ := result.(object)
	switch key {
	case "getblockcount []":
		return v.Height
	case "uptime []":
		return int(v.now.Sub(v.Started).Seconds())
	case "getblockchaininfo []":
		put(fields, "blocks", v.Height, v.base.Height)
		put(fields, "headers", v.Headers, v.base.Headers)
		put(fields, "bestblockhash", v.chain.hash(v.Height), v.chain.hash(v.base.Height))
		put(fields, "mediantime", v.BlockTime-5*blockSpacing, v.base.BlockTime-5*blockSpacing)
		put(fields, "warnings", v.Warnings, v.base.Warnings)
		put(fields, "initialblockdownload", v.InitialBlockDownload, v.base.InitialBlockDownload)
	case "getnetworkinfo []":
		put(fields, "warnings", v.Warnings, v.base.Warnings)
		put(fields, "connections", v.PeersIn+v.PeersOut, v.base.PeersIn+v.base.PeersOut)
		v.patchVersion(fields)
	case "getnettotals []":
		fields["timemillis"] = v.now.UnixMilli()
		grown := int(v.now.Sub(v.Started).Seconds()) - int(v.uptime.Seconds())
		if grown > 0 {
			add(fields, "totalbytesrecv", 2000*grown)
			add(fields, "totalbytessent", 1000*grown)
		}
	case "getpeerinfo []":
		return v.peers(result)
	case `mnsync ["status"]`:
		if v.SyncFinished != v.base.SyncFinished {
			v.patchSync(fields)
		}
	case `spork ["show"]`:
		if v.SporksReceived != v.base.SporksReceived {
			v.patchSporks(fields)
		}
	case `smartnode ["count"]`:
		v.patchCount(fields)
	case registeredList:
		return v.list(result)
	case `quorum ["dkgstatus"]`:
		if v.DKGPhase != v.base.DKGPhase {
			v.patchDKG(fields)
		}
	}
	return result
}

func (v view) patchVersion(fields object) {
	if v.Version == v.base.Version {
		return
	}
	var major, minor, revision, build int
	// A version of another form keeps the zeros.
	_, _ = fmt.Sscanf(v.Version, "%d.%d.%d.%d", &major, &minor, &revision, &build)
	fields["version"] = 1000000*major + 10000*minor + 100*revision + build
	fields["subversion"] = userAgent(v.Version)
	fields["buildversion"] = fmt.Sprintf("v%d.%d.%02d.%02d-unk", major, minor, revision, build)
}

func userAgent(version string) string { return "/Raptoreum Core:" + version + "/" }

func (v view) patchSync(fields object) {
	fields["AssetID"], fields["AssetName"] = 1, "SMARTNODE_SYNC_BLOCKCHAIN"
	if v.SyncFinished {
		fields["AssetID"], fields["AssetName"] = 999, "SMARTNODE_SYNC_FINISHED"
	}
	fields["IsBlockchainSynced"], fields["IsSynced"] = v.SyncFinished, v.SyncFinished
}

// patchSporks enables what was enabled in the captured network.
func (v view) patchSporks(fields object) {
	for name := range fields {
		fields[name] = sporkOff
	}
	if v.SporksReceived {
		for _, name := range []string{
			"SPORK_2_INSTANTSEND_ENABLED", "SPORK_3_INSTANTSEND_BLOCK_FILTERING",
			"SPORK_17_QUORUM_DKG_ENABLED", "SPORK_19_CHAINLOCKS_ENABLED",
		} {
			fields[name] = 0
		}
	}
}

// peers is getpeerinfo with as many peers of each direction as the State has. New ones are
// copies of captured ones.
func (v view) peers(result any) any {
	captured, _ := result.([]any)
	missing := map[any]int{true: v.PeersIn, false: v.PeersOut}
	list := []any{}
	for _, p := range captured {
		if inbound := p.(object)["inbound"]; missing[inbound] > 0 {
			missing[inbound]--
			list = append(list, p)
		}
	}
	for _, inbound := range []bool{false, true} {
		for range missing[inbound] {
			list = append(list, v.madePeer(captured, len(list), inbound))
		}
	}
	for _, p := range list {
		peer := p.(object)
		put(peer, "synced_headers", v.PeersHeight, v.base.PeersHeight)
		put(peer, "synced_blocks", v.PeersHeight, v.base.PeersHeight)
		put(peer, "pingtime", time.Duration(v.PeersPing).Seconds(), time.Duration(v.base.PeersPing).Seconds())
		if v.PeersOffset != 0 {
			peer["timeoffset"], peer["conntime"] = int(time.Duration(v.PeersOffset).Seconds()), v.now.Add(-10*time.Minute).Unix()
		}
	}
	return list
}

// madePeer is the i-th peer: a copy of the first captured one, if any.
func (v view) madePeer(captured []any, i int, inbound bool) object {
	peer := object{
		"version": 70220, "subver": userAgent(v.Version), "startingheight": v.PeersHeight,
		"synced_headers": v.PeersHeight, "synced_blocks": v.PeersHeight, "pingtime": 0.05,
	}
	if len(captured) > 0 {
		peer = decode(encode(captured[0])).(object)
	}
	peer["id"], peer["inbound"] = 1000+i, inbound
	peer["addr"] = "198.51.100." + strconv.Itoa(1+i%254) + ":10226"
	return peer
}

// addCommands puts the commands of other requests before those of getrpcinfo.
func addCommands(result any, others []any) {
	fields, ok := result.(object)
	if captured, isList := fields["active_commands"].([]any); ok && isList {
		fields["active_commands"] = append(others, captured...)
	}
}

// put sets a field where the State differs from the captured one.
func put[T comparable](fields object, name string, now, captured T) {
	if now != captured {
		fields[name] = now
	}
}

// add adds to a field that holds a whole number.
func add(fields object, name string, more int) {
	if number, ok := fields[name].(json.Number); ok {
		if value, err := number.Int64(); err == nil {
			fields[name] = value + int64(more)
		}
	}
}

// decode keeps numbers as they are written.
func decode(data []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic("simnet: captured JSON: " + err.Error()) // Load has checked it
	}
	return value
}

// encode writes JSON as the daemon does, markup as it is.
func encode(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("simnet: " + err.Error()) // values of this package only
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
