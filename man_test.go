package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/google/go-cmp/cmp"
)

// generated are the files of the package that are made from the flags; make docs writes them.
func generated(t *testing.T) map[string]string {
	t.Helper()
	_, app, _, err := parse(nil, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"packaging/raptoreum_exporter.1": manPage(app.Model())}
	for path, template := range map[string]string{"bash": kingpin.BashCompletionTemplate, "_raptoreum_exporter": kingpin.ZshCompletionTemplate} {
		context, err := app.ParseContext(nil)
		if err != nil {
			t.Fatal(err)
		}
		var script strings.Builder
		app.UsageWriter(&script)
		if err := app.UsageForContextWithTemplate(context, 2, template); err != nil {
			t.Fatal(err)
		}
		files["packaging/completion/"+path] = strings.TrimSpace(script.String()) + "\n"
	}
	return files
}

// TestDocsPackage fails if the man page or the shell completion is out of date.
func TestDocsPackage(t *testing.T) {
	for path, want := range generated(t) {
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(have), "\n"), strings.Split(want, "\n")); diff != "" {
			t.Errorf("%s is out of date; run make docs:\n%s", path, diff)
		}
	}
	if man, err := exec.LookPath("man"); err == nil {
		if out, err := exec.Command(man, "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "packaging/raptoreum_exporter.1").CombinedOutput(); err != nil || strings.Contains(string(out), "warning:") {
			t.Errorf("man: %v\n%.500s", err, out)
		}
	}
}

const (
	manHead = `.\" Made from the flags by make docs.
.TH RAPTOREUM_EXPORTER 1 "" raptoreum_exporter "User Commands"
.SH NAME
raptoreum_exporter \- Prometheus exporter of Raptoreum smartnodes
.SH SYNOPSIS
.B raptoreum_exporter
.RI [ flags ]
.RI [ command ]
.RI [@ file ]
.SH DESCRIPTION
Exports metrics of a Raptoreum smartnode to Prometheus, or probes smartnodes from outside.
The argument
.BI @ file
reads further arguments from a file, one per line.
`
	manTail = `.SH ENVIRONMENT
Each flag of the program, but not those of its commands, can also be set in the environment:
.B RAPTOREUM_EXPORTER_DAEMON_CONF
is
.BR \-\-daemon.conf .
.SH FILES
.TP
.I /etc/raptoreum_exporter/flags
Flags of the service.
.TP
.I /etc/raptoreum_exporter/heal.flags
Further flags of heal.
.TP
.I /etc/raptoreum_exporter/NAME/
The same for the instance NAME, if the machine has several raptoreumd.
.TP
.I /usr/share/raptoreum\-exporter/
Alert rules, runbooks, dashboards and examples of a prometheus.yml.
.TP
.I /var/lib/raptoreum_exporter_setup/
What setup has changed, and the backups.
.SH SEE ALSO
.IR /usr/share/doc/raptoreum\-exporter/README.md ,
.BR prometheus (1),
.BR systemctl (1)
`
)

func manPage(app *kingpin.ApplicationModel) string {
	var b strings.Builder
	b.WriteString(manHead + ".SH COMMANDS\n")
	var commands func(prefix string, all []*kingpin.CmdModel)
	commands = func(prefix string, all []*kingpin.CmdModel) {
		for _, c := range all {
			if c.Hidden || c.Name == "help" {
				continue
			}
			fmt.Fprintf(&b, ".SS %s\n%s\n", roff(prefix+c.Name), roff(c.Help))
			manFlags(&b, c.Flags)
			commands(prefix+c.Name+" ", c.Commands)
		}
	}
	commands("", app.Commands)
	b.WriteString(".SH OPTIONS\n")
	manFlags(&b, app.Flags)
	return b.String() + manTail
}

func manFlags(b *strings.Builder, flags []*kingpin.FlagModel) {
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		name, help := "--"+f.Name, f.Help
		if f.IsBoolFlag() && strings.HasPrefix(f.Name, "collector.") {
			name = "--[no-]" + f.Name
		}
		fmt.Fprintf(b, ".TP\n.B %s\n", roff(name+map[bool]string{false: "=" + f.FormatPlaceHolder(), true: ""}[f.IsBoolFlag()]))
		if len(f.Default) > 0 && f.Default[0] != "" && !f.IsBoolFlag() {
			help += " Default: " + f.Default[0]
		}
		fmt.Fprintf(b, "%s\n", roff(help))
	}
}

// roff escapes a text for a line of its own.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
