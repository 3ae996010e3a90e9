package simnet

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
)

// Error codes of the daemon (rpc/protocol.h).
const (
	codeInvalidRequest = -32600
	codeNoMethod       = -32601
	codeInternal       = -32603
	codeParse          = -32700
	codeInvalidParam   = -8
	codeWarmingUp      = -28
)

const (
	dkgStatus      = "quorum dkgstatus"
	registeredList = `protx ["list","registered",true]`
	// sporkOff is the value of a spork that was never switched on or never received.
	sporkOff = 4070908800
)

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// status is the HTTP status of a single call with this error (httprpc.cpp:71).
func (e *rpcError) status() int {
	switch {
	case e == nil:
		return http.StatusOK
	case e.Code == codeInvalidRequest:
		return http.StatusBadRequest
	case e.Code == codeNoMethod:
		return http.StatusNotFound
	default:
		return http.StatusInternalServerError
	}
}

// call is one JSON-RPC request object.
type call struct {
	id     json.RawMessage
	method string
	params json.RawMessage // compact
	words  []any           // params, if an array
	err    *rpcError       // the object is not a request
}

// parse reads the body of a POST as the daemon does, and reports whether it is a batch.
func parse(body []byte) (calls []call, batch bool) {
	wrong := func(message string) ([]call, bool) {
		return []call{{err: &rpcError{codeParse, message}}}, false
	}
	body = bytes.TrimSpace(body)
	switch {
	case !json.Valid(body):
		return wrong("Parse error")
	case body[0] == '{':
		return []call{parseCall(body)}, false
	case body[0] != '[':
		return wrong("Top-level object parse error")
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(body, &elements); err != nil {
		return wrong("Parse error")
	}
	for _, element := range elements {
		calls = append(calls, parseCall(element))
	}
	return calls, true
}

func parseCall(object []byte) call {
	wrong := func(c call, message string) call {
		c.err = &rpcError{codeInvalidRequest, message}
		return c
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil || fields == nil {
		return wrong(call{}, "Invalid Request object")
	}
	c := call{id: fields["id"], params: json.RawMessage("[]")}
	if method := fields["method"]; len(method) == 0 || string(method) == "null" {
		return wrong(c, "Missing method")
	} else if err := json.Unmarshal(method, &c.method); err != nil {
		return wrong(c, "Method must be a string")
	}
	params := fields["params"]
	switch {
	case len(params) == 0 || string(params) == "null":
	case params[0] == '[':
		var b bytes.Buffer
		if json.Compact(&b, params) == nil && json.Unmarshal(params, &c.words) == nil {
			c.params = b.Bytes()
		}
	case params[0] == '{':
		c.params = params
	default:
		return wrong(c, "Params must be an array or object")
	}
	return c
}

// key names the captured reply.
func (c call) key() string {
	if c.name() == dkgStatus && string(c.params) == `["dkgstatus",0]` {
		return `quorum ["dkgstatus"]` // 0 is the default level of detail
	}
	return c.method + " " + string(c.params)
}

// name is the method with its sub-command: "smartnode status".
func (c call) name() string {
	switch c.method {
	case "smartnode", "protx", "quorum", "mnsync", "spork":
		if word := c.text(0); word != "" {
			return c.method + " " + word
		}
	}
	return c.method
}

// text is a parameter that is a string, else "".
func (c call) text(i int) string {
	if i >= len(c.words) {
		return ""
	}
	word, _ := c.words[i].(string)
	return word
}

// number is a parameter that is a whole number.
func (c call) number(i int) (int, bool) {
	if i >= len(c.words) {
		return 0, false
	}
	number, ok := c.words[i].(float64)
	return int(number), ok && number == float64(int(number))
}

// mainLock reports whether the call may wait for the main lock of the daemon. quorum dkgstatus,
// which can loop forever, does not hold it.
func (c call) mainLock() bool {
	free := []string{
		"uptime", "getrpcinfo", "getnettotals", "mnsync", "spork", "getconnectioncount",
		"getmemoryinfo",
	}
	return c.err == nil && !slices.Contains(free, c.method) && c.name() != "smartnode count"
}
