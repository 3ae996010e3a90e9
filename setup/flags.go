package setup

import (
	"cmp"
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

// Flags returns the flags of both commands and those of the setup beside raptoreumd, which set c. The usage of a flag
// with a value starts with the placeholder of the value.
func (c *Config) Flags() *flag.FlagSet {
	f := flag.NewFlagSet("setup", flag.ContinueOnError)
	n := &c.Node
	f.BoolVar(&c.Yes, "yes", false, "Make the changes without asking.")
	f.BoolVar(&c.DryRun, "dry-run", false, "Only show the changes, as a diff.")
	f.BoolVar(&c.Undo, "undo", false, "Take back everything that setup has changed.")
	f.Var((*list)(&n.Confs), "conf", "`FILE` raptoreum.conf of the raptoreumd to set up; repeatable. Default: each one that is running, or else the usual places")
	f.Var((*list)(&n.ProTx), "protx", "`[NAME=]HASH` proTxHash, if raptoreumd does not report it. With several raptoreumd, NAME is that of the instance; repeatable.")
	f.StringVar(&n.Name, "name", "", "`NAME` Name of the smartnode in Prometheus. Default: the host name")
	f.StringVar(&n.Credentials, "credentials", "", "`password|user` Access to a raptoreumd that has only a cookie: a separate password, which it accepts after its next start, or run the exporter as its user. Default: ask")
	f.BoolVar(&n.Heal, "heal", false, "Also restart raptoreumd if it hangs or has died (the heal command, every minute).")
	f.StringVar(&n.Listen, "listen", "", "`ADDRESS` Address for a Prometheus on another machine, such as that of WireGuard, 10.8.0.2:10227. Default: loopback")
	f.StringVar(&n.Web, "web", "", "`DIR` Listen on all addresses, with TLS and a password: the folder that setup watch --reach=tls has made for this machine.")
	return f
}

// Flags returns the flags of setup watch, which set w.
func (w *Watch) Flags() *flag.FlagSet {
	f := flag.NewFlagSet("setup watch", flag.ContinueOnError)
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
	return f
}

// Is reports whether a command line is one of setup, or of help for it. The flags of the exporter are none of setup, so
// that it comes first.
func Is(args []string) bool {
	return strings.HasPrefix(strings.TrimPrefix(strings.Join(args, " "), "help ")+" ", "setup ")
}

// Explain names the flag of setup in place of one of the exporter in the error of the flag parser.
func Explain(args []string, err error) error {
	flag, unknown := strings.CutPrefix(err.Error(), "unknown long flag '")
	if !unknown || !Is(args) {
		return err
	}
	flag = strings.TrimSuffix(flag, "'")
	instead := map[string]string{
		"--daemon.conf": "use --conf", "--smartnode.protx": "use --protx, or --node of setup watch",
		"--fleet.config": "use --node of setup watch", "--vantage": "use --from of setup watch",
		"--web.listen-address": "use --listen", "--web.config.file": "use --web",
	}[flag]
	return fmt.Errorf("%s is not a flag of setup; %s", flag, cmp.Or(instead, "after setup, flags of the exporter can be added to its flags file"))
}
