package setup

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"strings"
)

// list is a flag that may be given several times.
type list []string

func (l *list) String() string         { return strings.Join(*l, ",") }
func (l *list) Set(value string) error { *l = append(*l, value); return nil }

// IsCumulative reports to the flag parser that the flag may be given several times.
func (l *list) IsCumulative() bool { return true }

// Flags returns the flags of setup, which set c, and those of setup watch, which set w. Those of both are in the set of
// the command of args, because the flag parser has them only once. The usage of a flag with a value starts with the
// placeholder of the value.
func (c *Config) Flags(w *Watch, args []string) (own, watch *flag.FlagSet) {
	own, watch = flag.NewFlagSet("setup", flag.ContinueOnError), flag.NewFlagSet("setup watch", flag.ContinueOnError)
	w.flags(watch)
	both := watch
	if !IsWatch(args) {
		both = own
		c.Node.flags(own)
	}
	both.BoolVar(&c.Yes, "yes", false, "Make the changes without asking.")
	both.BoolVar(&c.DryRun, "dry-run", false, "Only show the changes, as a diff.")
	both.BoolVar(&c.Undo, "undo", false, "Take back everything that setup has changed.")
	return own, watch
}

// flags declares the flags of the setup beside raptoreumd.
func (n *Node) flags(f *flag.FlagSet) {
	f.Var((*list)(&n.Confs), "conf", "`FILE` raptoreum.conf of the raptoreumd to set up; repeatable. Default: each one that is running, or else the usual places")
	f.Var((*list)(&n.ProTx), "protx", "`[NAME=]HASH` proTxHash, if raptoreumd does not report it. With several raptoreumd, NAME is that of the instance; repeatable.")
	f.StringVar(&n.Name, "name", "", "`NAME` Name of the smartnode in Prometheus. Default: the host name, or smartnode if that is watcher or no valid name")
	f.StringVar(&n.Credentials, "credentials", "", "`password|user` Access to a raptoreumd that has only a cookie: a separate password, which it accepts after its next start, or run the exporter as its user. Default: ask")
	f.BoolVar(&n.Heal, "heal", false, "Also restart raptoreumd if it hangs or has died (the heal command, every minute).")
	f.StringVar(&n.Listen, "listen", "", "`ADDRESS` Address for a Prometheus on another machine, such as that of WireGuard, 10.8.0.2:10227. Default: loopback")
	f.StringVar(&n.Web, "web", "", "`DIR` Listen on all addresses, with TLS and a password: the folder that setup watch --reach=tls has made for this machine.")
}

// flags declares the flags of setup watch.
func (w *Watch) flags(f *flag.FlagSet) {
	r := &w.Receivers
	f.Var((*list)(&w.Nodes), "node", "`NAME=PROTX` Smartnode to probe from here. NAME=HOST[:PORT] scrapes its exporter, NAME=PROTX@HOST[:PORT] does both; repeatable. List all smartnodes: those that are left out are no longer watched. Default: those of the last run")
	f.StringVar(&w.Reach, "reach", "", "`outside|address|tls` How to scrape the exporters of other machines: not at all, over WireGuard or an ssh tunnel, or with TLS and a password. Default: outside")
	f.StringVar(&w.Vantage, "from", "", "`NAME` Name of this place, for the label vantage. Default: the host name")
	f.StringVar(&w.RunbookURL, "runbook-url", "", "`URL` Folder with the runbooks, for links in messages. Default: no links")
	f.StringVar(&r.TelegramChat, "telegram.chat-id", "", "`ID` Send notifications to this chat of Telegram. Default: the receivers of the last run, which those that are given replace")
	f.StringVar(&r.TelegramTokenFile, "telegram.token-file", "", "`FILE` File with the token of the Telegram bot. Default: ask")
	f.StringVar(&r.TelegramAPI, "telegram.api-url", "", "`URL` Address of the Telegram API. Default: that of Telegram")
	f.StringVar(&r.DiscordURLFile, "discord.url-file", "", "`FILE` Send notifications to the Discord webhook whose address is in this file.")
	f.StringVar(&r.WebhookURLFile, "webhook.url-file", "", "`FILE` Send notifications to the webhook whose address is in this file.")
	f.StringVar(&r.MailTo, "mail.to", "", "`ADDRESS` Send notifications to this mail address; with another receiver, only warnings.")
	f.StringVar(&r.MailFrom, "mail.from", "", "`ADDRESS` Sender of the mail. Default: --mail.user or --mail.to")
	f.StringVar(&r.MailSmarthost, "mail.smarthost", "", "`HOST:PORT` Mail server. Default: ask")
	f.StringVar(&r.MailUser, "mail.user", "", "`USER` User of the mail server. Default: no authentication and no TLS")
	f.StringVar(&r.MailPasswordFile, "mail.password-file", "", "`FILE` File with the password of --mail.user. Default: ask")
	f.StringVar(&r.SwitchURLFile, "dead-mans-switch.url-file", "", "`FILE` File with the address of a service that reports when messages stop arriving.")
}

// Is reports whether a command line is one of setup, or of help for it. The flags of the exporter are none of setup, so
// that it comes first.
func Is(args []string) bool { return begins(args, "setup") }

// IsWatch reports whether a command line is one of setup watch, which has none of the flags of setup beside raptoreumd.
func IsWatch(args []string) bool { return begins(args, "setup watch") }

func begins(args []string, command string) bool {
	line := strings.Join(args, " ") + " "
	for _, asks := range []string{"help ", "--completion-bash "} {
		line = strings.TrimPrefix(line, asks)
	}
	return strings.HasPrefix(line, command+" ")
}

// CheckOrder returns an error if a command of setup does not come first.
func CheckOrder(command string, args []string) error {
	switch {
	case !strings.HasPrefix(command, "setup"):
	case !Is(args):
		return errors.New("setup must be the first argument, because it has none of the exporter's flags")
	case command == "setup watch" && !IsWatch(args):
		return errors.New("watch must follow setup, because it has other flags")
	}
	return nil
}

// Explain names the flag of setup in place of one of the exporter in the error of the flag parser.
func Explain(args []string, err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "unknown long flag '--")
	if !unknown || !Is(args) {
		return err
	}
	name = strings.TrimSuffix(name, "'")
	own, watch := new(Config).Flags(new(Watch), nil)
	switch {
	case own.Lookup(name) != nil:
		return fmt.Errorf("--%s is a flag of setup on the machine of the smartnode, not of setup watch", name)
	case watch.Lookup(name) != nil:
		return fmt.Errorf("--%s is a flag of setup watch", name)
	}
	instead := map[string]string{
		"daemon.conf": "use --conf", "smartnode.protx": "use --protx, or --node of setup watch",
		"fleet.config": "use --node of setup watch", "vantage": "use --from of setup watch",
		"web.listen-address": "use --listen", "web.config.file": "use --web",
	}[name]
	return fmt.Errorf("--%s is not a flag of setup; %s", name, cmp.Or(instead, "after setup, flags of the exporter can be added to its flags file"))
}
