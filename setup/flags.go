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
	f.StringVar(&c.Node.Listen, "listen", "", "`ADDRESS` for a Prometheus on another machine, such as that of WireGuard, 10.8.0.2:10227. Default: loopback")
	f.StringVar(&c.Node.Web, "web", "", "`FOLDER` with web.yml, tls.crt and tls.key that setup watch --reach=tls has written; then it listens on port 10227 of all addresses.")
	return f
}

// Flags returns the flags of setup watch, which set w.
func (w *Watch) Flags() *flag.FlagSet {
	f := flag.NewFlagSet("setup watch", flag.ContinueOnError)
	r := &w.Receivers
	f.Var((*list)(&w.Nodes), "node", "Smartnode to watch: `NAME=PROTX` to probe it from here, NAME=HOST[:PORT] to scrape its exporter, NAME=PROTX@HOST[:PORT] for both; repeatable")
	f.StringVar(&w.Reach, "reach", "", "How to reach the exporters of other machines: outside (not at all), address (WireGuard or an ssh tunnel) or tls (with a password), as a `WORD`. Default: outside")
	f.StringVar(&w.Vantage, "from", "", "`NAME` of this place, for the label vantage. Default: the host name")
	f.StringVar(&w.RunbookURL, "runbook-url", "", "`URL` of the folder with the runbooks, for links in messages. Default: no links")
	f.StringVar(&r.TelegramChat, "telegram.chat-id", "", "Send notifications to this chat `ID` of Telegram.")
	f.StringVar(&r.TelegramTokenFile, "telegram.token-file", "", "`FILE` with the token of the Telegram bot; asked for if not set")
	f.StringVar(&r.TelegramAPI, "telegram.api-url", "", "`URL` of the Telegram API. Default: that of Telegram")
	f.StringVar(&r.DiscordURLFile, "discord.url-file", "", "Send notifications to the Discord webhook whose address is in this `FILE`.")
	f.StringVar(&r.WebhookURLFile, "webhook.url-file", "", "Send notifications to the webhook whose address is in this `FILE`.")
	f.StringVar(&r.MailTo, "mail.to", "", "Send notifications to this mail `ADDRESS`; with another receiver too, only warnings.")
	f.StringVar(&r.MailFrom, "mail.from", "", "Sender `ADDRESS` of the mail. Default: --mail.user or --mail.to")
	f.StringVar(&r.MailSmarthost, "mail.smarthost", "", "Mail server, as `HOST:PORT`; asked for if not set")
	f.StringVar(&r.MailUser, "mail.user", "", "`USER` of the mail server. Default: no authentication and no TLS")
	f.StringVar(&r.MailPasswordFile, "mail.password-file", "", "`FILE` with the password of --mail.user; asked for if not set")
	f.StringVar(&r.SwitchURLFile, "dead-mans-switch.url-file", "", "`FILE` with the address of a service that reports when messages stop arriving")
	return f
}
