package web

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"raptoreum_exporter/judge"
)

var update = flag.Bool("update", false, "rewrite STATUS.md")

// TestDocsStatus fails if STATUS.md differs from the fields of /status.json, the rules and the kinds of changes;
// make docs writes it.
func TestDocsStatus(t *testing.T) {
	var md strings.Builder
	fmt.Fprint(&md, `# Status for programs

Generated from the declarations of the exporter (`+"`make docs`"+`). A test fails if it is out of date.

`+"`/status.json`"+` says what the page at `+"`/`"+` shows. It costs raptoreumd at most one scrape every 15 s for any number of
requests, and probes no node. `+"`raptoreum_exporter check --json`"+` prints one report in the format of `+"`self`"+`. An ID never changes
its meaning; names and texts are for people and may change. Programs must accept IDs and fields that they do not know.

## /status.json

`)
	fields(&md, reflect.TypeFor[status]())
	fmt.Fprint(&md, "\n### nodes\n\n")
	fields(&md, reflect.TypeFor[nodeStatus]())
	fmt.Fprint(&md, "\n### changes\n\n")
	fields(&md, reflect.TypeFor[change]())
	fmt.Fprint(&md, "\n| id of a change | meaning |\n|---|---|\n")
	for _, k := range kinds() {
		fmt.Fprintf(&md, "| `%s` | %s |\n", k.id, k.help)
	}
	fmt.Fprint(&md, "\n## Report: self, and check --json\n\n")
	fields(&md, reflect.TypeFor[judge.Report]())
	fmt.Fprint(&md, "\n### findings\n\n")
	fields(&md, reflect.TypeFor[judge.Finding]())
	fmt.Fprint(&md, "\nA finding that does not apply is absent, as is one whose collector is disabled. With `check --target` and for nodes of the\nfleet, only findings that can be seen from outside occur.\n")
	section := ""
	for _, r := range judge.Rules() {
		if r.Section != section {
			section = r.Section
			fmt.Fprintf(&md, "\n| id in section %s | name | ok means |\n|---|---|---|\n", section)
		}
		fmt.Fprintf(&md, "| `%s` | %s | %s |\n", r.ID, r.Name, r.Help)
	}
	if *update {
		if err := os.WriteFile("../STATUS.md", []byte(md.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile("../STATUS.md"); err != nil || string(have) != md.String() {
		t.Errorf("STATUS.md is stale; run make docs: %v\n%s", err, md.String())
	}
}

// fields writes a table of the fields of a struct.
func fields(md *strings.Builder, of reflect.Type) {
	fmt.Fprint(md, "| field | meaning |\n|---|---|\n")
	for i := range of.NumField() {
		f := of.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fmt.Fprintf(md, "| `%s` | %s |\n", name, f.Tag.Get("help"))
	}
}

// TestDocsComplete: each ID is unique and in snake case, and each field has a description.
func TestDocsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range judge.Rules() {
		if seen[r.ID] || strings.Trim(r.ID, "abcdefghijklmnopqrstuvwxyz_") != "" || r.Help == "" {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
	}
	for _, of := range []reflect.Type{reflect.TypeFor[status](), reflect.TypeFor[nodeStatus](), reflect.TypeFor[change](), reflect.TypeFor[judge.Report](), reflect.TypeFor[judge.Finding]()} {
		for i := range of.NumField() {
			if f := of.Field(i); f.Tag.Get("json") == "" || f.Tag.Get("help") == "" {
				t.Errorf("%s.%s has no name or no description", of, f.Name)
			}
		}
	}
}
