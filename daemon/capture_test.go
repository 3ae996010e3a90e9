package daemon

import (
	"encoding/json"
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
	var r struct {
		Result json.RawMessage
		Error  *RPCError
	}
	c := readCapture(t, filepath.Join(scenarios, scenario, call+".json"))
	if err := json.Unmarshal([]byte(c.Body), &r); err != nil {
		t.Fatalf("%s/%s: %v", scenario, call, err)
	}
	if r.Error != nil {
		return value, false
	}
	if err := decode(r.Result, &value); err != nil {
		t.Fatalf("%s/%s: %v", scenario, call, err)
	}
	return value, true
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
