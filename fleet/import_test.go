package fleet

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestImport(t *testing.T) {
	for _, c := range []struct {
		name, script string
		want         []string
	}{
		{"bash", "POSE_SCORE=0\n# Add your NODE_PROTX here\nNODE_PROTX=\"" + hashA + "\"\nif [[ ! -z ${NODE_PROTX} ]]; then", []string{"a6b2bee0"}},
		{"no quotes", "NODE_PROTX=" + hashA, []string{"a6b2bee0"}},
		{"single quotes", "NODE_PROTX='" + hashA + "'", []string{"a6b2bee0"}},
		{"bashrc", "  export NODE_PROTX=" + hashA + " # paris", []string{"a6b2bee0"}},
		{"spaces", "NODE_PROTX = " + hashA, []string{"a6b2bee0"}},
		{"PowerShell", "\ufeff$NODE_PROTX = \"" + hashA + "\"\r\nif ($NODE_PROTX -eq $null) {", []string{"a6b2bee0"}},
		{"PowerShell's environment", "$env:NODE_PROTX = '" + hashA + "'\r\n", []string{"a6b2bee0"}},
		{"crontab", "SHELL=/bin/bash\n*/15 * * * * NODE_PROTX=" + hashA + " $HOME/check.sh >> $HOME/check.log", []string{"a6b2bee0"}},
		{"semicolons", "cd;NODE_PROTX=" + hashA + ";export NODE_PROTX", []string{"a6b2bee0"}},
		{"two", "NODE_PROTX=" + hashA + "\nNODE_PROTX=" + hashB, []string{"a6b2bee0", "d5309c7c"}},
		{"two in a line", "NODE_PROTX=" + hashA + " ./check.sh; NODE_PROTX=" + hashB + " ./check.sh", []string{"a6b2bee0", "d5309c7c"}},
		{"comments", "#NODE_PROTX=\n # NODE_PROTX=x\nNODE_PROTX=" + hashA + "\n./check.sh # NODE_PROTX=" + hashB, []string{"a6b2bee0"}},
		{"comparison", "[ $NODE_PROTX = \"x\" ] || [ \"$NODE_PROTX\" = x ]\nNODE_PROTX=" + hashA, []string{"a6b2bee0"}},
		{"other names", "NODE_PROTX2=x\nMY_NODE_PROTX=x\nNODE_PROTX=" + hashA, []string{"a6b2bee0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := parse(t, "import: [check.sh]", files{"/etc/check.sh": c.script})
			if diff := cmp.Diff(c.want, names(config.Resolve(nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestImportErrors(t *testing.T) {
	const (
		none    = "fleet.yml:1: check.sh has no NODE_PROTX=..., or only after a #; add it there, or list the smartnode below nodes"
		missing = "NODE_PROTX is empty; enter the proTxHash that smartnode status shows, or remove the line"
		length  = " characters; a proTxHash has 64 hex digits: copy all of it from smartnode status"
	)
	for _, c := range []struct{ name, script, want string }{
		{"empty file", "", none},
		{"fresh script", "#NODE_PROTX=\n", none},
		{"empty", "\n\nNODE_PROTX=\n", "check.sh:3: " + missing},
		{"empty in quotes", "NODE_PROTX=\"\"", "check.sh:1: " + missing},
		{"variable", "NODE_PROTX=$1", "check.sh:1: NODE_PROTX has 2" + length},
		{"short", "NODE_PROTX=\"" + hashA[:63] + "\"", "check.sh:1: NODE_PROTX has 63" + length},
		{"quote left open", "NODE_PROTX=\"" + hashA + "\n", "check.sh:1: NODE_PROTX has 65" + length},
		{"not hex", "NODE_PROTX=x" + hashA[1:], "check.sh:1: NODE_PROTX has a character that is not a hex digit; copy the proTxHash from smartnode status"},
		{"twice", "NODE_PROTX=" + hashA + "\nNODE_PROTX=" + hashA, "check.sh:2: NODE_PROTX is the same smartnode as in check.sh:1; remove one of them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantError(t, "import: [check.sh]", files{"/etc/check.sh": c.script}, c.want)
		})
	}
	both := files{"/etc/check.sh": "NODE_PROTX=" + hashA, "/root/check.sh": "\nexport NODE_PROTX=" + hashA}
	wantError(t, "import: [check.sh, /root/check.sh]", both, "/root/check.sh:2: NODE_PROTX is the same smartnode as in check.sh:1; remove one of them")
	wantError(t, "import:\n  - "+hashA, nil, "fleet.yml:2: an imported file: file does not exist; write the full path of a file that the exporter's user can read")
}

// TestImportNamed: an entry below nodes names an imported smartnode.
func TestImportNamed(t *testing.T) {
	config := parse(t, "import: [check.sh]\nnodes: [{protx: "+hashA+", name: paris-1}]", files{"/etc/check.sh": "NODE_PROTX=" + hashB + "\nNODE_PROTX=" + hashA})
	if diff := cmp.Diff([]string{"d5309c7c", "paris-1"}, names(config.Resolve(nil))); diff != "" {
		t.Error(diff)
	}
}
