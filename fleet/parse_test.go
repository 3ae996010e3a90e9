package fleet

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/mr-tron/base58"

	"raptoreum_exporter/daemon"
)

func TestParseErrors(t *testing.T) {
	const (
		empty   = "; add at least one smartnode below nodes, sets or import"
		invalid = "; check indentation, quotes and brackets"
		node    = "nodes:\n  - protx: " + hashA + "\n"
	)
	for _, c := range []struct{ name, content, want string }{
		{"empty", "", "fleet.yml:1: the file is empty" + empty},
		{"comments", "# nodes:\n", "fleet.yml:1: the file is empty" + empty},
		{"empty document", "---\n", "fleet.yml:2: the file is empty; fill it in or remove it"},
		{"nothing", "{}", "fleet.yml:1: no smartnodes; add at least one below nodes, sets or import"},
		{"empty lists", "\nnodes: []\nsets: []\nimport: []", "fleet.yml:2: no smartnodes; add at least one below nodes, sets or import"},
		{"empty key", "sets: []\nnodes:\n", "fleet.yml:2: nodes is empty; fill it in or remove it"},
		{"second document", node + "---\n" + node, "fleet.yml:3: a second document starts here; remove the line --- and keep one of each key"},
		{"end of a second document", node + "---\n", "fleet.yml:3: a second document starts here; remove the line --- and keep one of each key"},
		{"text", "nodes", "fleet.yml:1: the file is not a mapping; write it as lines of \"key: value\""},
		{"no list", "nodes:\n  protx: x\n", "fleet.yml:2: nodes is not a list; start each entry on its own line with \"- \""},
		{"no mapping", "nodes:\n  - " + hashA, "fleet.yml:2: an entry of nodes is not a mapping; write it as lines of \"key: value\""},
		{"no text", "nodes:\n  - protx: [x]", "fleet.yml:2: protx is not a single value; write one value on this line"},
		{"import is not text", "import:\n  - file: x", "fleet.yml:2: an entry of import is not a single value; write one value on this line"},
		{"unknown key", node + "nodse: x", `fleet.yml:3: unknown key "nodse" of the file; the keys are nodes, sets, import`},
		{"unknown key of a node", node + "    label: {}", `fleet.yml:3: unknown key "label" of an entry of nodes; the keys are protx, name, labels`},
		{"unknown long key", hashA + ": x", "fleet.yml:1: unknown key of 64 characters of the file; the keys are nodes, sets, import"},
		{"duplicate key", node + "nodes: []", `fleet.yml:3: key "nodes" of the file is already on line 1; remove one of them`},
		{"duplicate label", node + "    labels:\n      a: b\n      a: c", `fleet.yml:5: key "a" of labels is already on line 4; remove one of them`},
		{"duplicate long key", node + "    labels: {" + hashA + ": b, " + hashA + ": c}", "fleet.yml:3: key of 64 characters of labels is already on line 3; remove one of them"},
		{"merge", "<<: {nodes: []}", `fleet.yml:1: unknown key "<<" of the file; the keys are nodes, sets, import`},
		{"key is not text", "? [a]\n: b", "fleet.yml:1: a key of the file is not a single value; write one value on this line"},
		{"alias", node + "    labels: &l {a: b}\n  - protx: " + hashB + "\nsets:\n  - *l", "fleet.yml:6: an entry of sets is an alias (*); replace it with its value"},
		{"unknown alias", "nodes: *" + hashA, "fleet.yml:1: an alias (*) is used here or below; replace it with its value, or put the text in quotes"},
		{"tag", "nodes:\n  - protx: !!binary YQ==", "fleet.yml:2: protx has a tag (!); remove the tag"},
		{"Latin 1", node + "    name: caf\xe9", "fleet.yml:3: this line has a character that is not text; save the file as UTF-8"},
		{"UTF-16", "\xff\xfen\x00o\x00", "fleet.yml:1: this line has a character that is not text; save the file as UTF-8"},
		{"control character", node + "    name: \x1b", "fleet.yml:3: this line has a character that is not text; save the file as UTF-8"},
		{"indentation", node + "   name: x", "fleet.yml:2: not valid YAML here or below: did not find expected '-' indicator" + invalid},
		{"bracket", "nodes: [{protx: x}", "fleet.yml:1: not valid YAML here or below: did not find expected ',' or ']'" + invalid},
		{"tab", node + "\tname: x", "fleet.yml:2: not valid YAML here or below: found a tab character that violates indentation" + invalid},
		{"first line", "a: b: c", "fleet.yml:1: not valid YAML here or below: mapping values are not allowed in this context" + invalid},
		{"syntax after ---", node + "---\n}", "fleet.yml:4: not valid YAML here or below: did not find expected node content" + invalid},
	} {
		t.Run(c.name, func(t *testing.T) { wantError(t, c.content, nil, c.want) })
	}
}

func TestParseNodeErrors(t *testing.T) {
	const (
		node  = "nodes:\n  - protx: " + hashA + "\n"
		allow = " is not allowed; use letters, digits, dots, _ and -, and start with a letter or digit"
		label = " is not a valid label name; use letters, digits and _, and start with a letter"
		line  = `fleet.yml:3: the value of label "a" is not a single line of text; remove line breaks and control characters`
	)
	labels := func(s string) string { return node + "    labels: {" + s + "}" }
	for _, c := range []struct{ name, content, want string }{
		{"no protx", "nodes:\n  - name: x", "fleet.yml:2: an entry of nodes has no protx; add protx: and the proTxHash that smartnode status shows"},
		{"empty protx", "nodes:\n  - protx:", "fleet.yml:2: protx is empty; fill it in or remove it"},
		{"short protx", "nodes:\n  - protx: " + hashA[1:], "fleet.yml:2: protx has 63 characters; a proTxHash has 64 hex digits: copy all of it from smartnode status"},
		{"protx with 0x", "nodes:\n  - protx: 0x" + hashA, "fleet.yml:2: protx has 66 characters; a proTxHash has 64 hex digits: copy all of it from smartnode status"},
		{"protx not hex", "nodes:\n  - protx: " + hashA[1:] + "g", "fleet.yml:2: protx has a character that is not a hex digit; copy the proTxHash from smartnode status"},
		{"protx twice", node + "  - name: x\n    protx: " + strings.ToUpper(hashA), "fleet.yml:4: protx is the same smartnode as in fleet.yml:2; remove one of them"},

		{"empty name", node + `    name: ""`, `fleet.yml:3: name "" is empty; fill it in or remove it`},
		{"null name", node + "    name: ~", "fleet.yml:3: name is empty; fill it in or remove it"},
		{"long name", node + "    name: " + strings.Repeat("x", 64), "fleet.yml:3: name of 64 characters is too long; use at most 63 characters"},
		{"hash as name", node + "    name: " + hashB, "fleet.yml:3: name of 64 characters is too long; use at most 63 characters"},
		{"space in name", node + "    name: paris 1", `fleet.yml:3: name "paris 1"` + allow},
		{"accent in name", node + "    name: montréal", `fleet.yml:3: name "montréal"` + allow},
		{"name begins with a dash", node + "    name: -x", `fleet.yml:3: name "-x"` + allow},
		{"line break in name", node + `    name: "x\n"`, `fleet.yml:3: name "x\n"` + allow},
		{"name twice", node + "    name: Paris\n  - protx: " + hashB + "\n    name: pARIS", `fleet.yml:5: name "pARIS" is also in fleet.yml:3; names must differ in more than case`},

		{"labels are not a mapping", node + "    labels: a", `fleet.yml:3: labels is not a mapping; write it as lines of "key: value"`},
		{"label name", labels("a-b: c"), `fleet.yml:3: label "a-b"` + label},
		{"label name begins with a digit", labels("1: c"), `fleet.yml:3: label "1"` + label},
		{"empty label name", labels(`"": c`), `fleet.yml:3: label ""` + label},
		{"long label name", labels(hashB + "-: c"), "fleet.yml:3: label of 65 characters" + label},
		{"reserved label name", labels("__address__: c"), `fleet.yml:3: label "__address__" starts with __, which Prometheus reserves; remove the underscores`},
		{"job", labels("job: c"), `fleet.yml:3: label "job" is set by the exporter, by Prometheus or by an alert; choose another name`},
		{"instance", labels("instance: c"), `fleet.yml:3: label "instance" is set by the exporter, by Prometheus or by an alert; choose another name`},
		{"node", labels("node: c"), `fleet.yml:3: label "node" is set by the exporter, by Prometheus or by an alert; choose another name`},
		{"vantage", labels("vantage: c"), `fleet.yml:3: label "vantage" is set by the exporter, by Prometheus or by an alert; choose another name`},
		{"null label", labels("a: "), `fleet.yml:3: label "a" is empty; fill it in or remove it`},
		{"empty label", labels(`a: ""`), `fleet.yml:3: the value of label "a" is empty; fill it in or remove the label`},
		{"nested label", labels(`a: [b]`), `fleet.yml:3: label "a" is not a single value; write one value on this line`},
		{"long label value", labels("a: " + strings.Repeat("é", 101)), `fleet.yml:3: the value of label "a" has 202 bytes; use at most 200`},
		{"line break in a label value", labels(`a: "b\nc"`), line},
		{"line separator in a label value", labels(`a: "b\u2028c"`), line},
		{"block in a label value", node + "    labels:\n      a: |\n        b\n", strings.Replace(line, ":3:", ":4:", 1)},
		{"too many labels", labels("a" + strings.Join(strings.Split("bcdefghijklmnopqrstu", ""), ": x, a") + ": x, a: x"), "fleet.yml:3: labels has 21 labels; keep at most 20"},
	} {
		t.Run(c.name, func(t *testing.T) { wantError(t, c.content, nil, c.want) })
	}
}

func TestParseSetErrors(t *testing.T) {
	const (
		mistyped = "fleet.yml:2: payout_address: the checksum is wrong: a character is mistyped; copy it from protx info"
		letter   = "fleet.yml:2: payout_address: this has a character that is not used in addresses, such as 0, O, I or l; copy it from protx info"
		length   = "fleet.yml:2: payout_address: this is not an address: a character is missing or there is one too many; copy it from protx info"
		other    = "fleet.yml:2: payout_address: this is the address of another coin; those of Raptoreum start with R or 7, on test networks with r, y, 8 or 9"
		public   = "fleet.yml:2: operator_key: this is not a public key, which has 96 hex digits; copy pubKeyOperator from protx info"
		choices  = " of payout_address, owner_address, voting_address, operator_key; write exactly one in each entry"
		payout   = "sets:\n  - payout_address: "
		operator = "sets:\n  - operator_key: "
	)
	main := address(60)
	for _, c := range []struct{ name, content, want string }{
		{"no set", "sets:\n  - labels: {a: b}", "fleet.yml:2: an entry of sets has 0" + choices},
		{"two in one", payout + payoutA + "\n    owner_address: " + ownerB, "fleet.yml:2: an entry of sets has 2" + choices},
		{"unknown key", "sets:\n  - payout: x", `fleet.yml:2: unknown key "payout" of an entry of sets; the keys are payout_address, owner_address, voting_address, operator_key, labels`},
		{"same set twice", payout + payoutA + "\n  - payout_address: " + payoutA, "fleet.yml:3: payout_address is the same as in fleet.yml:2; remove one of them"},
		{"same key twice", operator + keyC + "\n  - operator_key: " + strings.ToUpper(keyC), "fleet.yml:3: operator_key is the same as in fleet.yml:2; remove one of them"},
		{"bad label", payout + payoutA + "\n    labels: {job: x}", `fleet.yml:3: label "job" is set by the exporter, by Prometheus or by an alert; choose another name`},

		{"no text", payout + "[x]", "fleet.yml:2: payout_address is not a single value; write one value on this line"},
		{"empty address", payout + `""`, letter},
		{"mistyped", payout + swap(payoutA), mistyped},
		{"mistyped on main", payout + swap(main), mistyped},
		{"zero", payout + main[:20] + "0" + main[21:], letter},
		{"accent", payout + "é" + main[2:], letter},
		{"cut", payout + main[:20], length},
		{"too long", payout + hashA, "fleet.yml:2: payout_address: an address has at most 35 characters, but this has 64; copy it from protx info"},
		{"Bitcoin", payout + address(0), other},
		{"Dash", payout + address(76), other},
		{"owner address", "sets:\n  - owner_address: x", strings.Replace(length, "payout", "owner", 1)},
		{"voting address", "sets:\n  - voting_address: x", strings.Replace(length, "payout", "voting", 1)},

		{"secret key", operator + hashA, "fleet.yml:2: operator_key: this looks like a secret key, which has 64 hex digits; remove it from this file and use the public key, which protx info shows as pubKeyOperator"},
		{"short key", operator + keyC[1:], public},
		{"key not hex", operator + keyC[1:] + "x", public},
		{"address as key", operator + payoutA, public},
	} {
		t.Run(c.name, func(t *testing.T) { wantError(t, c.content, nil, c.want) })
	}
}

// address returns one with that version byte.
func address(version byte) string {
	checked := append([]byte{version}, "twenty bytes, a hash"...)
	once := sha256.Sum256(checked)
	twice := sha256.Sum256(once[:])
	return base58.Encode(append(checked, twice[:4]...))
}

// swap returns the address with two characters swapped.
func swap(address string) string {
	return address[:10] + address[11:12] + address[10:11] + address[12:]
}

func TestAddresses(t *testing.T) {
	for version, first := range map[byte]string{60: "R", 16: "7", 123: "r", 19: "8 9", 140: "y"} {
		if a := address(version); !strings.Contains(first, a[:1]) || checkAddress(a) != nil {
			t.Errorf("%s, want one that begins with %s: %v", a, first, checkAddress(a))
		}
	}
	for _, s := range captured(t, "paid-10-smartnodes") {
		for _, a := range []string{s.Owner, s.Voting, s.Payout} {
			if err := checkAddress(a); err != nil {
				t.Errorf("%s: %v", a, err)
			}
		}
		if err := checkOperatorKey(s.OperatorKey); err != nil {
			t.Errorf("%s: %v", s.OperatorKey, err)
		}
	}
}

// TestVerbatim: text that YAML would parse as a number, a date or true stays text.
func TestVerbatim(t *testing.T) {
	digits := strings.Repeat("0123456789", 6) + "1e10"
	config := parse(t, "\ufeffnodes:\r\n- protx: "+digits+"\r\n  name: 007\r\n  labels: {rack: 0x1f, since: 2026-01-01, paid: yes, _Z9: 'é # \" \\'}\r\n", nil)
	hash, err := daemon.ParseHash(digits)
	if err != nil {
		t.Fatal(err)
	}
	wantNodes(t, config.Resolve(nil), Node{
		Name: "007", ProTxHash: hash, Labels: map[string]string{"rack": "0x1f", "since": "2026-01-01", "paid": "yes", "_Z9": `é # " \`},
	})
}
