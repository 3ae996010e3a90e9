package daemon

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

const scenarios = "../testdata/scenarios"

// capture is a recorded exchange; see testdata/README.md.
type capture struct {
	Status int    `json:"http_status"`
	Body   string `json:"body"`
}

func readCapture(t testing.TB, path string) capture {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var c capture
	if err := json.Unmarshal(file, &c); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return c
}

// captured decodes the result of a recorded call; ok is false where the daemon gave an error.
func captured[T any](t testing.TB, scenario, call string) (value T, ok bool) {
	t.Helper()
	var answer Answer[T]
	err := decodeAnswer(t, readCapture(t, filepath.Join(scenarios, scenario, call+".json")).Body, &answer)
	if _, refused := errors.AsType[*RPCError](answer.Err); refused || stateOf(err) == WarmingUp {
		return value, false
	}
	if err = cmp.Or(err, answer.Err); err != nil {
		t.Fatalf("%s/%s: %v", scenario, call, err)
	}
	return answer.Value, true
}

// decodeAnswer decodes the reply to a single call as if it were in a batch.
func decodeAnswer[T any](t testing.TB, body string, into *Answer[T]) error {
	t.Helper()
	element := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(body), &element); err != nil {
		t.Fatal(err)
	}
	element["id"] = json.RawMessage("0")
	batch, err := json.Marshal([]any{element})
	if err != nil {
		t.Fatal(err)
	}
	return readBatch(bytes.NewReader(batch), []call{ask(into, "captured")})
}

// capturedList returns the smartnode list of a scenario.
func capturedList(t testing.TB, scenario string) []Smartnode {
	t.Helper()
	entries, _ := captured[[]ProTx](t, scenario, "protx_list_registered_true")
	var list []Smartnode
	for i := range entries {
		list = append(list, entries[i].smartnode())
	}
	return list
}

func allScenarios(t testing.TB) []string {
	t.Helper()
	folders, err := os.ReadDir(scenarios)
	if err != nil || len(folders) < 20 {
		t.Fatalf("%d scenarios, %v", len(folders), err)
	}
	var names []string
	for _, f := range folders {
		names = append(names, f.Name())
	}
	return names
}
