package fleet

import (
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse puts secrets in the fleet file and in an imported file. No error may contain them, and each
// error must be a single line that gives a line number. A config that parses must also resolve.
func FuzzParse(f *testing.F) {
	const secret, script = "5ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e7abcd", "NODE_PROTX=" + hashB + "\n"
	for _, seed := range []string{
		"", "---\n", "nodes: [{protx: " + hashA + "}]", "nodes:\n  - protx: " + secret + "\n    name: paris-1\n    labels: {provider: hetzner}\nimport: [check.sh]\n",
		"sets:\n  - payout_address: " + payoutA + "\n    labels: {a: b}\n  - operator_key: " + keyC, "sets: [{operator_key: " + secret + "}]",
		"import:\n  - " + secret, "nodes: *" + secret, "nodes: &a [*a]", secret + ": " + secret, "nodes: [{name: " + secret + "}]", "a: !" + secret + " b",
		"nodes: [{protx: " + hashA + ", labels: {" + secret + ": " + secret + ", " + secret + ": }}]", "%TAG ! " + secret + "\n---\n", "\xff\xfea\x00",
		"sets: [{owner_address: " + secret[:34] + "}]", "nodes: [{protx: " + hashA + ", labels: {a: \"" + secret + "\\n\"}}]", "? |\n " + secret + "\n: >-\n - x\n",
	} {
		f.Add(seed, script)
	}
	f.Add("import: [check.sh]", "\ufeff$NODE_PROTX = \""+secret+"\"\r\n")
	f.Add("import: [check.sh]", "#NODE_PROTX=\nexport NODE_PROTX='"+secret+"x'")
	list := captured(f, "paid-10-smartnodes")
	form := regexp.MustCompile(`^(/etc/fleet\.yml|/etc/[^\n]*):\d+: .*; [a-z]|^/etc/fleet\.yml:\d+: /etc/`)
	f.Fuzz(func(t *testing.T, content, imported string) {
		config, err := Parse("/etc/fleet.yml", []byte(content), func(path string) ([]byte, error) {
			if strings.Contains(path, "check") {
				return []byte(imported), nil
			}
			return nil, io.ErrUnexpectedEOF
		})
		if err != nil {
			line := err.Error()
			if strings.Contains(line, secret[:shownMax+1]) || strings.Contains(line, secret[20:20+shownMax+1]) {
				t.Fatalf("the error contains a secret: %s", line)
			}
			if config != nil || !form.MatchString(line) || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) || len(line) > 600 {
				t.Fatalf("not a single line with a line number: %q", line)
			}
			return
		}
		for _, nodes := range [][]Node{config.Resolve(nil), config.Resolve(list)} {
			seen := map[string]bool{}
			for _, n := range nodes {
				if n.Name == "" || n.Labels == nil || seen[strings.ToLower(n.Name)] {
					t.Fatalf("%+v", n)
				}
				seen[strings.ToLower(n.Name)] = true
			}
		}
	})
}
