package setup

import (
	"flag"
	"strings"
)

// list is a flag that may be given several times.
type list []string

func (l *list) String() string         { return strings.Join(*l, ",") }
func (l *list) Set(value string) error { *l = append(*l, value); return nil }

// IsCumulative tells the flag parser that the flag may be given several times.
func (l *list) IsCumulative() bool { return true }

// Flags returns the flags of both commands and those of the setup beside raptoreumd, which set c.
func (c *Config) Flags() *flag.FlagSet {
	f := flag.NewFlagSet("setup", flag.ContinueOnError)
	f.BoolVar(&c.Yes, "yes", false, "Do not ask: make the changes.")
	f.BoolVar(&c.DryRun, "dry-run", false, "Only show the changes, as a diff.")
	f.BoolVar(&c.Undo, "undo", false, "Take back everything that setup has changed.")
	f.Var((*list)(&c.Node.Confs), "conf", "raptoreum.conf of the raptoreumd to set up, as a `FILE`; repeatable. Default: each one that is running, or else the usual places")
	f.Var((*list)(&c.Node.ProTx), "protx", "proTxHash that raptoreumd does not report, as `[NAME=]HASH`; NAME is the instance, if there are several. Repeatable.")
	f.StringVar(&c.Node.Name, "name", "", "`NAME` of the smartnode in Prometheus. Default: the host name")
	f.StringVar(&c.Node.Credentials, "credentials", "", "Access to a raptoreumd that has only a cookie: password (a separate one, after its next start) or user (run as its user), as a `WORD`.")
	f.BoolVar(&c.Node.Heal, "heal", false, "Also restart raptoreumd when it hangs or has died (the heal command, every minute).")
	return f
}
