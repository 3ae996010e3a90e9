package simnet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	typeHTML = "text/html; charset=utf-8"
	typeText = "text/plain; charset=utf-8"
	typeJSON = "application/json; charset=utf-8"
)

// lagHeight is the height of the recorded explorer that lagged.
const lagHeight = 6

// resyncRate is how many blocks a second the daemon of a re-syncing explorer downloads.
const resyncRate = 10

// explorerAnswer comes with HTTP 200: the explorer software has no other status for its API.
type explorerAnswer struct {
	contentType string
	body        []byte
}

func (e exchange) answer() explorerAnswer {
	return explorerAnswer{e.header.Get("Content-Type"), e.body}
}

// explore answers a request of the API.
func (n *Network) explore(s State, e Explorer, r *http.Request, missing *missingBlocks) explorerAnswer {
	query := r.URL.Query()
	isHeight, isBlock := r.URL.Path == "/api/getblockcount", r.URL.Path == "/api/getblock"
	switch {
	case isBlock && missing.has(query.Get("height")): // before anything else: it is in the cache
		return n.texts.noBlock.answer()
	case e.Mode == ExplorerErrorText:
		return n.texts.down.answer()
	case e.Mode == ExplorerStarting && isHeight:
		return n.texts.startHeight.answer()
	case e.Mode == ExplorerStarting:
		return n.texts.startValue.answer()
	}
	v := n.explorerView(s, e)
	switch {
	case isHeight && v.Height == 0 && s.NetworkHeight > 0: // it sends no 0; a scenario without a height has 0
		return explorerAnswer{typeText, nil}
	case isHeight:
		return explorerAnswer{typeText, []byte(strconv.Itoa(v.Height))}
	case isBlock:
		height, err := strconv.Atoi(query.Get("height"))
		if err != nil || height < 0 || height > v.Height {
			missing.add(query.Get("height"))
			return n.texts.noBlock.answer()
		}
		return daemonAnswer(v.block(height, e.Mode == ExplorerForked), nil)
	case r.URL.Path == "/api/protx":
		return v.explorerProTx(query, e.Mode)
	}
	return v.explorerSmartnode(query)
}

// explorerView is what the daemon of an explorer knows.
func (n *Network) explorerView(s State, e Explorer) view {
	v := n.view(s)
	v.Height = s.NetworkHeight
	switch e.Mode {
	case ExplorerStale, ExplorerLagging:
		v.Height = e.Frozen
	case ExplorerResyncing:
		downloaded := max(0, int(time.Since(e.Since).Seconds()*resyncRate))
		v.Height = min(s.NetworkHeight, e.Frozen+downloaded)
	case ExplorerLying:
		v.Height += e.Offset
	}
	if behind := s.NetworkHeight - v.Height; behind > 0 {
		v.BlockTime -= int64(behind) * blockSpacing
	}
	if e.Penalty != nil {
		v.Penalty = *e.Penalty
	}
	if e.BanHeight != nil {
		v.BanHeight = *e.BanHeight
	}
	return v
}

func (v view) explorerProTx(query url.Values, mode ExplorerMode) explorerAnswer {
	hash := query.Get("protxhash")
	switch command := query.Get("command"); {
	case len(query["command"]) > 1:
		return explorerAnswer{typeHTML, []byte("TypeError: command.toLowerCase is not a function")}
	case command == "":
		return explorerError("no command was given")
	case command == "list":
		hashes := []string{}
		for _, node := range v.registered() {
			hashes = append(hashes, fmt.Sprint(node["proTxHash"]))
		}
		return explorerJSON(hashes)
	case command != "info":
		return explorerError(command + " is an invalid command")
	case hash == "":
		return explorerError("protxhash was not given for info command")
	case len(hash) != 64 || strings.Trim(strings.ToLower(hash), "0123456789abcdef") != "":
		return daemonAnswer(nil, &rpcError{codeInvalidParam, "proTxHash must be hexadecimal string (not '" + hash + "')"})
	}
	notFound := &rpcError{codeInvalidParam, strings.ToLower(hash) + " not found"}
	if mode == ExplorerUnknownNode {
		return daemonAnswer(nil, notFound)
	}
	params, _ := json.Marshal([]string{"info", strings.ToLower(hash)})
	node, err := v.protxInfo(call{method: "protx", params: params, words: []any{"info", strings.ToLower(hash)}})
	if err == nil && registeredHeight(node) > v.Height {
		return daemonAnswer(nil, notFound)
	}
	return daemonAnswer(node, err)
}

// explorerSmartnode answers api/smartnode, of which only the count is played.
func (v view) explorerSmartnode(query url.Values) explorerAnswer {
	switch command := query.Get("command"); command {
	case "":
		return explorerError("no command was given")
	case "count":
		var count struct {
			Total   int `json:"total"`
			Enabled int `json:"enabled"`
		}
		all, err := v.reply(call{method: "smartnode", params: json.RawMessage(`["count"]`), words: []any{"count"}})
		switch {
		case err != nil:
			return daemonAnswer(nil, err)
		case v.Height >= v.base.Height: // all of them are registered
			if err := json.Unmarshal(encode(all), &count); err != nil {
				return explorerAnswer{typeHTML, []byte("[object Object]")}
			}
		default:
			for _, node := range v.registered() {
				count.Total++
				if field := node["state"].(object)["PoSeBanHeight"]; fmt.Sprint(field) == "-1" {
					count.Enabled++
				}
			}
		}
		return explorerAnswer{typeText, encode(count)}
	default:
		return explorerError(command + " is an invalid command")
	}
}

// registered are the smartnodes of the list that were registered up to the height.
func (v view) registered() (nodes []object) {
	captured := v.replies[registeredList]
	if captured.result == nil || captured.err != nil {
		return nil
	}
	list, _ := decode(encode(v.list(decode(captured.result)))).([]any)
	for _, entry := range list {
		if node, ok := entry.(object); ok && registeredHeight(node) <= v.Height {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

func registeredHeight(node any) int {
	fields, _ := decode(encode(node)).(object)
	state, _ := fields["state"].(object)
	height, _ := strconv.Atoi(fmt.Sprint(state["registeredHeight"])) // 0 when not recorded
	return height
}

// block is getblock: the header, sizes and one transaction.
func (v view) block(height int, forked bool) object {
	fields := v.header(height)
	fields["size"] = 325
	fields["tx"] = []any{madeHash("transaction", height)}
	fields["cbTx"] = object{
		"version": 2, "height": height,
		"merkleRootMNList": madeHash("smartnode list", height), "merkleRootQuorums": madeHash("quorums", height),
	}
	if forked {
		fields["hash"] = madeHash("fork", height)
		fields["previousblockhash"] = madeHash("fork", height-1)
	}
	return fields
}

// daemonAnswer is how the explorer software prints what its daemon answered: an object on one line, an error
// indented.
func daemonAnswer(result any, err *rpcError) explorerAnswer {
	if err != nil {
		return explorerJSON(struct {
			Message string `json:"message"`
			Code    int    `json:"code"`
			Name    string `json:"name"`
		}{err.Message, err.Code, "RpcError"})
	}
	return explorerAnswer{typeText, encode(longNumbersAsStrings(decode(encode(result))))}
}

// explorerError is an error of the explorer itself.
func explorerError(text string) explorerAnswer {
	return explorerJSON(struct {
		Error string `json:"error"`
	}{text})
}

func explorerJSON(value any) explorerAnswer {
	var b bytes.Buffer
	if err := json.Indent(&b, encode(value), "", "    "); err != nil {
		return explorerAnswer{typeHTML, fmt.Appendf(nil, "Error: %v", err)}
	}
	return explorerAnswer{typeJSON, b.Bytes()}
}

// longNumbersAsStrings does to a decoded value what the JSON parser of the explorer does to numbers of more
// than 15 characters.
func longNumbersAsStrings(value any) any {
	switch value := value.(type) {
	case object:
		for name := range value {
			value[name] = longNumbersAsStrings(value[name])
		}
	case []any:
		for i := range value {
			value[i] = longNumbersAsStrings(value[i])
		}
	case json.Number:
		if len(value) > 15 {
			return value.String()
		}
	}
	return value
}
