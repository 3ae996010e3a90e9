package daemon

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// recordedBodies returns every recorded reply to a call or a batch.
func recordedBodies(f *testing.F) []string {
	f.Helper()
	var bodies []string
	for _, pattern := range []string{scenarios + "/*/*.json", "../testdata/captures/batch/batch_*.json", "../testdata/captures/payment/*.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			bodies = append(bodies, readCapture(f, file).Body)
		}
	}
	return bodies
}

// taker is a call whose outcome can be used.
type taker struct {
	call
	use func() error
}

// take returns a taker: touch reads what the code reads of a reply without a check for nil.
func take[T any](touch func(T)) taker {
	answer := new(Answer[T])
	return taker{ask(answer, "method", "word"), func() error {
		if answer.Err == nil {
			touch(answer.Value)
		}
		return answer.Err
	}}
}

// read reads fields; it panics on nil.
func read[T any](fields ...*T) {
	for _, field := range fields {
		_ = *field
	}
}

// takers returns takers for the replies of lockfree, mainlock, node, dkgstatus and payment.
func takers() []taker {
	return []taker{
		take(func(int64) {}), // uptime, getblockcount
		take(func(r RPCInfo) {
			for _, command := range *r.ActiveCommands {
				read(command.Method)
				read(command.Duration)
			}
		}),
		take(func(r NetTotals) { read(r.Received, r.Sent) }),
		take(func(r SyncStatus) { read(r.AssetID); read(r.IsSynced) }),
		take(func(r SmartnodeCount) { read(r.Total, r.Enabled) }),
		take(func(map[string]int64) {}), // spork show
		take(func(r ChainInfo) {
			read(r.Chain, r.BestBlockHash)
			read(r.Blocks, r.Headers)
			read(r.VerificationProgress)
			read(r.InitialBlockDownload)
			read(r.SizeOnDisk)
		}),
		take(func(r NetworkInfo) {
			read(r.Version, r.ProtocolVersion)
			read(r.BuildVersion, r.Subversion, r.Warnings)
		}),
		take(func(r Chainlock) { read(r.Height); read(r.KnownBlock) }),
		take(func(r SmartnodeStatus) {
			read(r.Service, r.State, r.Status)
			node := Node{}
			node.Status.Value = r
			_, _ = node.Self()
		}),
		take(func(list []Peer) {
			for _, r := range list {
				read(r.Inbound)
				read(r.Subversion)
				read(r.StartingHeight)
			}
		}),
		take(func(r BlockHeader) { read(r.Height, r.Time) }),
		take(func(Hash) {}), // getblockhash
		take(func(r ProTx) { r.smartnode() }),
		take(func(list []Membership) {
			for _, r := range list {
				read(r.Height)
				read(r.IsValidMember)
			}
		}),
		take(func(r DKGStatus) {
			for _, session := range *r.Sessions {
				read(session.Phase)
				read(session.Aborted)
			}
		}),
		take(func(r Block) { read(r.Transactions) }),
		take(func(r Transaction) {
			read(r.InActiveChain)
			_, _ = new(Smartnode).paidBy(*r.Outputs)
		}),
	}
}

// FuzzBatch passes each element of a reply to every type of reply: none may panic, lack a field
// without an error, or put more than one short line of text from the daemon into an error.
func FuzzBatch(f *testing.F) {
	captureID := regexp.MustCompile(`"id":"[^"]*"}\s*$`) // ours are numbers
	for i, body := range recordedBodies(f) {
		f.Add([]byte(body))
		f.Add([]byte("[" + captureID.ReplaceAllString(body, fmt.Sprintf(`"id":%d}`, i%len(takers()))) + "]"))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		outcomes := [][]taker{readReply(t, body, takers())} // in their order first, then each as all types
		var elements []struct{ Result json.RawMessage }
		_ = json.Unmarshal(body, &elements) // not a batch: none
		for _, e := range elements {
			for _, one := range takers() {
				outcomes = append(outcomes, readReply(t, fmt.Appendf(nil, `[{"result":%s,"id":0}]`, cmp.Or(string(e.Result), "null")), []taker{one}))
			}
		}
		for _, all := range outcomes {
			for _, one := range all {
				if err := one.use(); err != nil {
					oneLine(t, err)
				}
			}
		}
	})
}

// readReply passes the calls one reply to a batch.
func readReply(t *testing.T, body []byte, all []taker) []taker {
	t.Helper()
	var calls []call
	for _, one := range all {
		calls = append(calls, one.call)
	}
	if err := readBatch(bytes.NewReader(body), calls); err != nil {
		oneLine(t, err)
		return nil // the answers are not read
	}
	return all
}

func oneLine(t *testing.T, err error) {
	t.Helper()
	if s := err.Error(); len(s) > 300 || strings.ContainsAny(s, "\r\n") {
		t.Errorf("want one short line, got %q", s)
	}
}

// FuzzList reads a smartnode list: every entry must be complete.
func FuzzList(f *testing.F) {
	for _, body := range recordedBodies(f) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(_ *testing.T, body []byte) {
		_ = decodeList(bytes.NewReader(body), func(p *ProTx) { p.smartnode() })
	})
}
