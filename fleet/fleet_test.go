package fleet

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/daemon"
)

// Of testdata/scenarios/paid-10-smartnodes.
const (
	hashA   = "a6b2bee00df4fb5694a29a89b8fb54fcbdc8f98350fb5ae24e095557ed7751c6"
	hashB   = "d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a"
	hashC   = "25f4a32604c45a8de19f5aad99406fa1886256d427350bff521e034a85c57aab"
	payoutA = "yT8p9keWGFFnVxviJwYf9jXG1fiF3iUmqS"
	ownerB  = "yb1JkJZAdmw4j5BjLKpzUSgwg1zTf64uaV"
	votingB = "yaaftmpJZ3uUnY7NPNXKJVDyGzfSn6Rhsb"
	keyC    = "85860a40eb193bc9a55a3eb42274f32f6728e373fc21ac23aeba314f3b07d0868c4e1c8e028ba55a7d0e6fd5de136846"
)

// files are the files that a test's fleet file can import.
type files map[string]string

func (f files) read(path string) ([]byte, error) {
	content, ok := f[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(content), nil
}

func parse(t testing.TB, content string, imported files) *Config {
	t.Helper()
	config, err := Parse("/etc/fleet.yml", []byte(content), imported.read)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// wantError compares the error without the folder, which is always the same.
func wantError(t *testing.T, content string, imported files, want string) {
	t.Helper()
	config, err := Parse("/etc/fleet.yml", []byte(content), imported.read)
	if err == nil || config != nil {
		t.Fatalf("got %v and no error, want %s", config, want)
	}
	if diff := cmp.Diff(want, strings.ReplaceAll(err.Error(), "/etc/", "")); diff != "" {
		t.Error(diff)
	}
}

// captured returns the smartnode list of a scenario, with the fields that the fleet uses.
func captured(t testing.TB, scenario string) []daemon.Smartnode {
	t.Helper()
	file, err := os.ReadFile("../testdata/scenarios/" + scenario + "/protx_list_registered_true.json")
	if err != nil {
		t.Fatal(err)
	}
	var capture struct{ Body string }
	var reply struct {
		Result []struct {
			ProTxHash daemon.Hash
			State     struct{ Service, OwnerAddress, VotingAddress, PayoutAddress, PubKeyOperator string }
		}
	}
	if err := json.Unmarshal(file, &capture); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(capture.Body), &reply); err != nil {
		t.Fatal(err)
	}
	var list []daemon.Smartnode
	for _, r := range reply.Result {
		list = append(list, daemon.Smartnode{
			ProTxHash: r.ProTxHash, Address: r.State.Service, Owner: r.State.OwnerAddress,
			Voting: r.State.VotingAddress, Payout: r.State.PayoutAddress, OperatorKey: r.State.PubKeyOperator,
		})
	}
	return list
}

func TestRead(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	script := write("check.sh", "NODE_PROTX="+hashB)
	config, err := Read(write("fleet.yml", "nodes: [{protx: "+hashA+"}]\nimport: [check.sh]"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a6b2bee0", "d5309c7c"}, names(config.Resolve(nil))); diff != "" {
		t.Error(diff)
	}
	if _, err := Read(write("absolute.yml", "import: ["+script+"]")); err != nil {
		t.Error(err)
	}

	large := strings.Repeat("#", maxFile)
	write("large.sh", large+"\n")
	for _, c := range []struct{ path, want string }{
		{write("import.yml", "import: [large.sh]"), "import.yml:1: an imported file is larger than 16 MiB; make sure that it is the check script"},
		{write("large.yml", large+"\nnodes: 1"), "large.yml:1: the file is larger than 16 MiB; make sure that it is the fleet file"},
		{write("folder.yml", "import: [.]"), "folder.yml:1: an imported file: is a directory; write the full path of a file that the exporter's user can read"},
		{folder + "/none.yml", "none.yml: no such file or directory; the fleet file must exist and be readable by the exporter's user"},
	} {
		_, err := Read(c.path)
		if err == nil || strings.TrimPrefix(err.Error(), folder+"/") != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if _, err := Read(folder + "/none.yml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
}

func names(nodes []Node) []string {
	var names []string
	for _, n := range nodes {
		names = append(names, n.Name)
	}
	return names
}
