package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is expected anew")

const (
	tableBegins = "<!-- flags: made by make docs -->\n"
	tableEnds   = "<!-- end of flags -->\n"
)

// TestDocsFlags fails when the table of flags in README.md is stale; make docs writes it.
func TestDocsFlags(t *testing.T) {
	_, app, err := parse(nil, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	fmt.Fprint(&table, "\n| flag | meaning |\n|---|---|\n")
	rows := func(command string, flags []*kingpin.FlagModel) {
		for _, f := range flags {
			if f.Hidden || f.Name == "help" || f.Name == "version" {
				continue
			}
			name, help := command+"--"+f.Name, f.Help
			if f.IsBoolFlag() && strings.HasPrefix(f.Name, "collector.") {
				name = "--[no-]" + f.Name
			} else if len(f.Default) > 0 && f.Default[0] != "" && !f.IsBoolFlag() {
				help += " Default: `" + f.Default[0] + "`"
			}
			fmt.Fprintf(&table, "| `%s` | %s |\n", name, help)
		}
	}
	rows("", app.Model().Flags)
	for _, command := range app.Model().Commands {
		rows(command.Name+" ", command.Flags)
	}
	fmt.Fprint(&table, "\n")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(readme), tableBegins)
	have, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		t.Fatal("README.md has no place for the table of flags")
	}
	if *update {
		written := before + tableBegins + table.String() + tableEnds + after
		if err := os.WriteFile("README.md", []byte(written), 0o644); err != nil {
			t.Fatal(err)
		}
		have = table.String()
	}
	if diff := cmp.Diff(strings.Split(have, "\n"), strings.Split(table.String(), "\n")); diff != "" {
		t.Errorf("the table of flags in README.md is stale; run make docs:\n%s", diff)
	}
}
