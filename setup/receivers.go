package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// receivers are where notifications go. Secrets are read from files, because command lines are visible to all users.
type receivers struct {
	TelegramChat, TelegramTokenFile, TelegramAPI                string
	DiscordURLFile, WebhookURLFile, SwitchURLFile               string
	MailTo, MailFrom, MailSmarthost, MailUser, MailPasswordFile string
	Discord, Webhook, Switch                                    bool // chosen by an answer or by the last run, which kept the address
}

func (r receivers) any() bool {
	return r.TelegramChat != "" || r.DiscordURLFile != "" || r.Discord || r.MailTo != "" || r.WebhookURLFile != "" || r.Webhook
}

// remember completes the flags with those of the last run: all of them if none chooses a receiver, or else those about
// the chosen ones. The secrets are kept. The files that they came from may be gone.
func (r *receivers) remember(last receivers) {
	r.Switch = r.Switch || last.Switch
	if !r.any() {
		r.TelegramChat, r.MailTo, r.Discord, r.Webhook = last.TelegramChat, last.MailTo, last.Discord, last.Webhook
	}
	if r.TelegramChat != "" {
		r.TelegramAPI = cmp.Or(r.TelegramAPI, last.TelegramAPI)
	}
	if r.MailTo != "" {
		r.MailFrom, r.MailSmarthost, r.MailUser = cmp.Or(r.MailFrom, last.MailFrom), cmp.Or(r.MailSmarthost, last.MailSmarthost), cmp.Or(r.MailUser, last.MailUser)
	}
}

// recipients is the same in the words of Alertmanager.
type recipients struct {
	urgent, calm string             // configurations of the receivers of critical alerts and of warnings
	dead         string             // of the dead man's switch
	templates    string             // the line that loads them
	tests        map[string]float64 // how many test messages each integration is to send
	needs        []need             // what an alertmanager.yml of a person must have
	both         bool               // warnings go elsewhere than critical alerts
	secrets      []change
	inline       bool // alertmanager.yml has a secret, because this Alertmanager reads it from no file
}

// release is the minor version of Alertmanager or Prometheus, of which only one major version is supported.
type release int

func (v release) atLeast(minor release) bool { return v >= minor }

// release returns the version of a program, if it is new enough. A later major version has everything.
func (c *command) release(ctx context.Context, program string, major, min int) (release, error) {
	out, err := c.Exec(ctx, program, "--version")
	found := regexp.MustCompile(`version (\d+)\.(\d+)`).FindStringSubmatch(out)
	if err != nil || found == nil {
		return 0, fmt.Errorf("the version of %s is unknown: %w", program, cmp.Or(err, errors.New(firstLine(out))))
	}
	have, _ := strconv.Atoi(found[1]) // digits
	minor, _ := strconv.Atoi(found[2])
	switch {
	case have > major:
		return 1000, nil
	case have < major, minor < min:
		return 0, fmt.Errorf("%s %s.%s is too old; %d.%d or later is needed, as in Debian 12 and Ubuntu 24.04", program, found[1], found[2], major, min)
	}
	return release(minor), nil
}

// receivers returns the configurations of the receivers that were chosen.
func (c *command) receivers(ctx context.Context) (to recipients, err error) {
	r := &c.Watch.Receivers
	to.tests = map[string]float64{}
	version, err := c.release(ctx, "prometheus-alertmanager", 0, 25)
	if err != nil {
		return to, err
	}
	if err := c.chooseReceiver(ctx, r); err != nil {
		return to, err
	}
	if !r.any() {
		return to, errors.New("no receiver; give --telegram.chat-id, --discord.url-file, --mail.to or --webhook.url-file")
	}
	for _, add := range []func(context.Context, *recipients, release) error{c.telegram, c.discord, c.webhook, c.mail, c.deadMansSwitch} {
		if err := add(ctx, &to, version); err != nil {
			return to, err
		}
	}
	to.templates = `templates: ["` + share + `/alerts/templates/*.tmpl"]` + "\n"
	if version.atLeast(28) { // the first whose templates know the time
		to.templates = strings.Replace(to.templates, "]", `, "`+share+`/alerts/templates/0.28/*.tmpl"]`, 1)
	}
	to.needs = []need{{share + "/alerts/templates/*.tmpl", "the templates"}}
	for _, kind := range slices.Sorted(maps.Keys(to.tests)) {
		to.needs = append(to.needs, need{kind + "_configs:", kind + "_configs"})
	}
	if r.TelegramChat != "" {
		to.needs = append(to.needs, need{"chat_id: " + r.TelegramChat, "chat_id " + r.TelegramChat})
	}
	if r.MailTo != "" {
		to.needs = append(to.needs, need{r.MailTo, r.MailTo})
	}
	to.both = to.urgent != "" && to.calm != ""
	to.urgent, to.calm = cmp.Or(to.urgent, to.calm), cmp.Or(to.calm, to.urgent)
	return to, nil
}

func (c *command) chooseReceiver(ctx context.Context, r *receivers) error {
	if r.any() {
		return nil
	}
	kind, err := c.ask(ctx, "Where do notifications go? [telegram/discord/mail/webhook]", "")
	if err != nil {
		return err
	}
	switch kind {
	case "telegram":
		r.TelegramChat, err = c.ask(ctx, "Chat id of Telegram:", "")
	case "discord":
		r.Discord = true
	case "webhook":
		r.Webhook = true
	case "mail":
		r.MailTo, err = c.ask(ctx, "Address to send mail to:", "")
	}
	return err
}

func (c *command) telegram(ctx context.Context, to *recipients, version release) error {
	r := c.Watch.Receivers
	if r.TelegramChat == "" {
		return nil
	}
	if _, err := strconv.ParseInt(r.TelegramChat, 10, 64); err != nil {
		return fmt.Errorf("--telegram.chat-id: %q is not a number", r.TelegramChat)
	}
	token, file, err := c.secret(ctx, "telegram-token", "telegram.token-file", r.TelegramTokenFile, "Token of the Telegram bot:")
	if err != nil {
		return err
	}
	api := ""
	if r.TelegramAPI != "" {
		api = "        api_url: " + strconv.Quote(r.TelegramAPI) + "\n"
	}
	to.tests["telegram"]++
	to.urgent += "    telegram_configs:\n      - " + to.option(version, 26, "bot_token", token, file) + "\n" + api + "        chat_id: " + r.TelegramChat +
		"\n        parse_mode: \"\"\n        message: '{{ template \"raptoreum.text\" . }}'\n"
	return nil
}

func (c *command) discord(ctx context.Context, to *recipients, version release) error {
	r := &c.Watch.Receivers
	if r.DiscordURLFile == "" && !r.Discord {
		return nil
	}
	link, file, err := c.secretURL(ctx, "discord-webhook", "discord.url-file", r.DiscordURLFile, "Address of the Discord webhook:")
	if err != nil {
		return err
	}
	r.Discord = true
	to.tests["discord"]++
	to.urgent += "    discord_configs:\n      - " + to.option(version, 28, "webhook_url", link, file) +
		"\n        title: '{{ template \"raptoreum.title\" . }}'\n        message: '{{ template \"raptoreum.short\" . }}'\n"
	return nil
}

func (c *command) webhook(ctx context.Context, to *recipients, version release) error {
	r := &c.Watch.Receivers
	if r.WebhookURLFile == "" && !r.Webhook {
		return nil
	}
	link, file, err := c.secretURL(ctx, "webhook-url", "webhook.url-file", r.WebhookURLFile, "Address of the webhook:")
	if err != nil {
		return err
	}
	r.Webhook = true
	to.tests["webhook"]++
	to.urgent += "    webhook_configs:\n      - " + to.option(version, 26, "url", link, file) + "\n"
	return nil
}

func (c *command) mail(ctx context.Context, to *recipients, version release) error {
	r := &c.Watch.Receivers
	if r.MailTo == "" {
		return nil
	}
	if r.MailSmarthost == "" {
		var err error
		if r.MailSmarthost, err = c.ask(ctx, "Mail server, as host:port:", ""); err != nil {
			return err
		}
	}
	if !regexp.MustCompile(`^[A-Za-z0-9.-]+:\d+$`).MatchString(r.MailSmarthost) {
		return fmt.Errorf("--mail.smarthost: %q is not host:port, such as mail.example.org:587", r.MailSmarthost)
	}
	r.MailFrom = cmp.Or(r.MailFrom, r.MailUser, r.MailTo)
	lines := []string{
		"to: " + strconv.Quote(r.MailTo), "from: " + strconv.Quote(r.MailFrom), "smarthost: " + strconv.Quote(r.MailSmarthost),
		"headers: {Subject: '{{ template \"raptoreum.title\" . }}'}", "text: '{{ template \"raptoreum.text\" . }}'", `html: ""`,
	}
	if r.MailUser != "" {
		password, file, err := c.secret(ctx, "mail-password", "mail.password-file", r.MailPasswordFile, "Password of "+r.MailUser+":")
		if err != nil {
			return err
		}
		lines = append(lines, "auth_username: "+strconv.Quote(r.MailUser), to.option(version, 25, "auth_password", password, file))
	} else {
		lines = append(lines, "require_tls: false")
	}
	to.tests["email"]++
	to.calm += "    email_configs:\n      - " + strings.Join(lines, "\n        ") + "\n"
	return nil
}

func (c *command) deadMansSwitch(ctx context.Context, to *recipients, version release) error {
	r := &c.Watch.Receivers
	if r.SwitchURLFile == "" && !r.Switch {
		return nil
	}
	link, file, err := c.secretURL(ctx, "dead-mans-switch-url", "dead-mans-switch.url-file", r.SwitchURLFile, "Address of the dead man's switch:")
	if err != nil {
		return err
	}
	r.Switch = true
	to.tests["webhook"]++
	to.dead = "    webhook_configs:\n      - " + to.option(version, 26, "url", link, file) + "\n        send_resolved: false\n"
	return nil
}

// add returns what a person has to add to an alertmanager.yml of their own.
func (to recipients) add() string {
	return "# Routes and inhibition rules are in " + share + "/alerts/alertmanager.yml.\n" +
		to.templates + to.blocks()
}

// blocks returns the receivers.
func (to recipients) blocks() string {
	return "receivers:\n  - name: nobody\n  - name: phone\n" + to.urgent + "  - name: mail\n" + to.calm + "  - name: dead-mans-switch\n" + to.dead
}

// alertmanagerConf returns alertmanager.yml: routes and inhibition of the package, with the chosen receivers.
func (c *command) alertmanagerConf(to recipients) (string, error) {
	text, err := readRegular(c.path(share+"/alerts/alertmanager.yml"), maxText)
	if err != nil {
		return "", err
	}
	above, _, ok := strings.Cut(string(text), "\nreceivers:\n")
	if _, routes, found := strings.Cut(above, "\nroute:\n"); ok && found {
		above = "route:\n" + routes
	}
	const routes = "\n  routes:\n"
	above, _, found := strings.Cut(above, "\ntemplates: ")
	if !ok || !found || !strings.Contains(above, routes) {
		return "", fmt.Errorf("%s/alerts/alertmanager.yml is not that of the package", share)
	}
	test := "    # setup sends it to test the receivers.\n    - matchers: [alertname = \"RaptoreumTest\"]\n      receiver: phone\n      group_by: [run]\n      group_wait: 0s\n"
	if to.both {
		test += "      continue: true\n    - matchers: [alertname = \"RaptoreumTest\"]\n      receiver: mail\n      group_by: [run]\n      group_wait: 0s\n"
	}
	above = strings.Replace(above, routes, routes+test, 1)
	return "# Written by raptoreum_exporter setup watch, which does not change this file again if you edit it.\n" + above +
		"\n" + to.templates + "\n" + to.blocks(), nil
}
