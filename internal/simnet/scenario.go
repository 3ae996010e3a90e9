package simnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// Scenario is a folder of captured replies of one daemon at one moment.
type Scenario struct {
	replies map[string]reply // by key
	chain   chain
	proTx   string         // the smartnode of the captured protx info
	own     string         // reported by smartnode status; proTx if it is not reported
	quorum  string         // name of the hourly quorums, which changes with the size of the network
	uptime  time.Duration  // captured
	rank    map[string]int // place in the payment queue by proTxHash, of those that are paid
	base    State          // as captured
}

type reply struct {
	result json.RawMessage
	err    *rpcError
}

// Load reads a scenario folder: one JSON file per call, with the request as it was sent and the
// reply as it came. A call without a reply (quorum dkgstatus may loop) hangs in the fake too.
func Load(dir fs.FS) (*Scenario, error) {
	names, err := fs.Glob(dir, "*.json")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("no *.json in the scenario folder; want captured replies such as getblockcount.json")
	}
	s := &Scenario{replies: make(map[string]reply)}
	hangs := false
	for _, name := range names {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		hung, err := s.add(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		hangs = hangs || hung
	}
	if err := s.derive(); err != nil {
		return nil, err
	}
	s.base.HangDKGStatus = hangs
	return s, nil
}

func (s *Scenario) add(data []byte) (hung bool, err error) {
	var file struct {
		Request struct {
			Body string `json:"body"`
		} `json:"request"`
		Body           string `json:"body"`
		TransportError string `json:"transport_error"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return false, err
	}
	calls, _ := parse([]byte(file.Request.Body))
	if len(calls) != 1 || calls[0].err != nil {
		return false, fmt.Errorf("request %q is not one call", file.Request.Body)
	}
	call := calls[0]
	if file.TransportError != "" {
		if call.name() == dkgStatus {
			return true, nil
		}
		return false, fmt.Errorf("no reply was captured (%s)", file.TransportError)
	}
	var body struct {
		Result json.RawMessage `json:"result"`
		Error  *rpcError       `json:"error"`
	}
	if err := json.Unmarshal([]byte(file.Body), &body); err != nil {
		return false, fmt.Errorf("reply: %w", err)
	}
	if call.name() == "protx info" {
		s.proTx = call.text(1)
	}
	s.replies[call.key()] = reply{body.Result, body.Error}
	return false, nil
}

// result decodes a captured result into value; without one, or with an error, value stays.
func (s *Scenario) result(key string, value any) error {
	if r := s.replies[key]; r.err == nil && r.result != nil {
		if err := json.Unmarshal(r.result, value); err != nil {
			return fmt.Errorf("captured %s: %w", key, err)
		}
	}
	return nil
}

// ProTxHash returns the hash of the smartnode that the scenario was recorded on.
func (s *Scenario) ProTxHash() string { return s.own }
