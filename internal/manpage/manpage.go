// Package manpage makes the man page of the deb from the flags.
package manpage

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

const (
	head = `.\" Made from the flags by make docs.
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
	tail = `.SH ENVIRONMENT
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

// Write returns the man page, in roff: the commands and flags of app between the texts that are the same for all.
func Write(app *kingpin.ApplicationModel) string {
	var b strings.Builder
	b.WriteString(head + ".SH COMMANDS\n")
	var commands func(prefix string, all []*kingpin.CmdModel)
	commands = func(prefix string, all []*kingpin.CmdModel) {
		for _, c := range all {
			if c.Hidden || c.Name == "help" {
				continue
			}
			fmt.Fprintf(&b, ".SS %s\n%s\n", roff(prefix+c.Name), roff(c.Help))
			writeFlags(&b, c.Flags)
			commands(prefix+c.Name+" ", c.Commands)
		}
	}
	commands("", app.Commands)
	b.WriteString(".SH OPTIONS\n")
	writeFlags(&b, app.Flags)
	return b.String() + tail
}

func writeFlags(b *strings.Builder, flags []*kingpin.FlagModel) {
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
