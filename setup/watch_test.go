package setup_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"raptoreum_exporter/setup"
)

const token = "123456:telegram-token-of-the-test"

// watcher is a machine with Debian's Prometheus and Alertmanager.
// TestWatch: in the form of Debian's and of the current Alertmanager, with a test message; a second run changes
// nothing, also without flags, and --undo takes everything back.
func TestWatch(t *testing.T) {
	for _, version := range []string{"0.25.0", "0.28.1"} {
		t.Run(version, func(t *testing.T) {
			w := newWatcher(t, version)
			before := w.files()
			with := func(c *setup.Config) { c.Watch.Receivers.TelegramTokenFile = secretFile(t, token) }
			w.mustWatch(func(c *setup.Config) { with(c); c.DryRun = true })
			w.same(before, "dry run")
			out := w.mustWatch(with)
			w.has(out, "The test message was delivered (telegram).", "replace /etc/prometheus/prometheus.yml", "backup: /var/lib/raptoreum_exporter_setup/watch/backup/etc/prometheus/prometheus.yml")
			w.has(w.posted, `"alertname":"RaptoreumTest"`)
			w.has(w.read("/etc/raptoreum_exporter/watch/fleet.yml"), "- {protx: "+hash+`, name: "paris"}`)
			w.has(w.read("/etc/raptoreum_exporter/watch/flags"), "--fleet.config=/etc/raptoreum_exporter/watch/fleet.yml\n--web.listen-address=127.0.0.1:10240\n")
			w.has(w.read("/etc/prometheus/prometheus.yml"), "http://127.0.0.1:10240/sd", "job_name: node")
			alerts := w.read("/etc/prometheus/alertmanager.yml")
			mode := os.FileMode(0o644)
			if version == "0.25.0" {
				w.has(alerts, `- bot_token: "`+token+`"`, "chat_id: 42")
				mode = 0o640
			} else {
				w.has(alerts, "- bot_token_file: /etc/prometheus/raptoreum/telegram-token", "/templates/0.28/*.tmpl")
			}
			info, err := os.Stat(w.path("/etc/prometheus/alertmanager.yml"))
			if _, gid := w.owner(info); err != nil || info.Mode() != mode || gid != 991 {
				t.Errorf("alertmanager.yml: %v, %v", info, err)
			}
			if strings.Contains(w.read("/etc/prometheus/raptoreum/alerts.yml"), "runbook_url") {
				t.Error("a link to a runbook on loopback")
			}
			w.has(strings.Join(w.calls, "\n"), "systemctl reload-or-restart prometheus.service", "systemctl reload-or-restart prometheus-alertmanager.service", "systemctl start raptoreum_exporter@watch.service")
			if w.running("raptoreum_exporter.service") {
				t.Error("the exporter that monitors nothing still runs")
			}
			after := w.files()
			w.has(w.mustWatch(nil), "Nothing to change.")
			w.has(w.mustWatch(func(c *setup.Config) { c.Watch = &setup.Watch{} }), "Nothing to change.", "delivered")
			w.same(after, "second run")
			// Another token: neither the old nor the new one is shown.
			w.mustWatch(func(c *setup.Config) { c.Watch.Receivers.TelegramTokenFile = secretFile(t, "987654:another-token") })
			w.mustWatch(undo)
			w.same(before, "undo")
		})
	}
}

// TestWatchReceivers: each kind, accepted by both versions of amtool.
func TestWatchReceivers(t *testing.T) {
	address := secretFile(t, "https://example.org/secret-of-the-test")
	for name, test := range map[string]struct {
		set  func(*setup.Watch)
		want map[string]string // by version
	}{
		"discord": {func(w *setup.Watch) { w.Receivers.TelegramChat, w.Receivers.DiscordURLFile = "", address }, map[string]string{
			"0.25.0": `webhook_url: "https://example.org/secret-of-the-test"`, "0.28.0": "webhook_url_file: /etc/prometheus/raptoreum/discord-webhook",
		}},
		"webhook": {func(w *setup.Watch) { w.Receivers.TelegramChat, w.Receivers.WebhookURLFile = "", address }, map[string]string{
			"0.25.0": `url: "https://example.org/secret-of-the-test"`, "0.28.0": "url_file: /etc/prometheus/raptoreum/webhook-url",
		}},
		"mail": {func(w *setup.Watch) {
			r := &w.Receivers
			r.TelegramChat, r.MailTo, r.MailUser, r.MailSmarthost, r.MailPasswordFile = "", "me@example.org", "bot@example.org", "mail.example.org:587", address
		}, map[string]string{
			"0.25.0": "auth_password_file: /etc/prometheus/raptoreum/mail-password", "0.28.0": `from: "bot@example.org"`,
		}},
		"telegram, mail for warnings, and a dead man's switch": {func(w *setup.Watch) {
			r := &w.Receivers
			r.TelegramTokenFile, r.TelegramAPI = secretFile(t, token), "http://127.0.0.1:1"
			r.MailTo, r.MailSmarthost, r.SwitchURLFile = "me@example.org", "127.0.0.1:25", address
		}, map[string]string{"0.25.0": "send_resolved: false", "0.28.0": "continue: true"}},
	} {
		for version, want := range test.want {
			t.Run(name+" "+version, func(t *testing.T) {
				w := newWatcher(t, version)
				out := w.mustWatch(func(c *setup.Config) { test.set(c.Watch) })
				w.has(w.read("/etc/prometheus/alertmanager.yml"), want)
				out += w.mustWatch(func(c *setup.Config) { c.Watch = &setup.Watch{} })
				w.has(out, "Nothing to change.")
				if strings.Contains(out, "secret-of-the-test") {
					t.Errorf("a secret was printed:\n%s", out)
				}
			})
		}
	}
}

// TestWatchReach: exporters of other machines, by address and with TLS, whose files a second run keeps.
func TestWatchReach(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	with := func(reach string, nodes ...string) func(*setup.Config) {
		return func(c *setup.Config) {
			c.Watch.Receivers.TelegramTokenFile = secretFile(t, token)
			c.Watch.Reach, c.Watch.Nodes = reach, nodes
		}
	}
	before := w.files()
	for _, wrong := range [][]string{{"outside", "a=10.8.0.2"}, {"address", "a"}, {"address", "a b=10.8.0.2"}, {"address", "a=x y"}, {"nowhere", "a=" + hash}, {"address", "a=" + hash[1:] + "@10.8.0.2"}, {"address", "a=x", "a=y"}} {
		if out, _, err := w.watch(with(wrong[0], wrong[1:]...)); err == nil || !strings.HasPrefix(err.Error(), "--") {
			t.Errorf("%q: %v\n%s", wrong, err, out)
		}
	}
	w.same(before, "wrong flags")
	out := w.mustWatch(with("address", "a=10.8.0.2", "b="+hash+"@127.0.0.1:10302"))
	w.has(w.read("/etc/prometheus/prometheus.yml"), "targets: [\"10.8.0.2:10227\"]\n        labels: {node: \"a\", vantage: self}", "127.0.0.1:10302")
	w.has(out, "a: the exporter at 10.8.0.2:10227 answers")
	w.mustWatch(with("tls", "a=paris.example.org"))
	if out, err := exec.Command(w.promtool, "check", "web-config", w.path("/etc/raptoreum_exporter/watch/a/web.yml")).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	w.has(w.read("/etc/prometheus/prometheus.yml"), "password_file: /etc/prometheus/raptoreum/a.password", "paris.example.org:10227")
	if w.exists("/etc/raptoreum_exporter/watch/fleet.yml") {
		t.Error("a fleet of nothing")
	}
	after := w.files()
	w.has(w.mustWatch(with("tls", "a=paris.example.org")), "Nothing to change.")
	w.same(after, "second run")

	// The machine of the smartnode.
	m := newMachine(t)
	m.one("1")
	m.pages = func(string) (string, error) {
		return "Client sent an HTTP request to an HTTPS server.\n", errors.New("HTTP status 400 Bad Request")
	}
	m.must(func(c *setup.Config) { c.Node.Web = w.path("/etc/raptoreum_exporter/watch/a") })
	m.has(m.read("/etc/raptoreum_exporter/flags"), "--web.listen-address=:10227\n--web.config.file=/etc/raptoreum_exporter/web.yml\n")
	m.has(m.must(nil), "Nothing to change.")
	if _, _, err := m.run(func(c *setup.Config) { c.Node.Web, c.Node.Listen = "", "0.0.0.0:10227" }); err != nil {
		t.Log(err) // with the TLS of the last run it is allowed
	}
	w.mustWatch(undo)
	w.same(before, "undo")
}

// TestWatchEdited: a configuration of a person stays. It says what to add, and sends nothing.
func TestWatchEdited(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	w.write("/etc/prometheus/prometheus.yml", "global: {scrape_interval: 15s}\n")
	w.write("/etc/prometheus/alertmanager.yml", "route: {receiver: mine}\n")
	before := w.files()
	out, code, err := w.watch(func(c *setup.Config) { c.Watch.Receivers.TelegramTokenFile = secretFile(t, token) })
	if err != nil || code != 1 || strings.Contains(out, token) || w.posted != "" {
		t.Error(code, err, w.posted)
	}
	w.has(out, "keep    /etc/prometheus/prometheus.yml, because", "  rule_files:\n    - /etc/prometheus/raptoreum/alerts.yml", "chat_id: 42", "Add the lines above by hand.", "No test message")
	if strings.Contains(out, "-route: {receiver: mine}") {
		t.Errorf("it shows what to remove:\n%s", out)
	}
	if w.read("/etc/prometheus/prometheus.yml") != "global: {scrape_interval: 15s}\n" || w.read("/etc/prometheus/alertmanager.yml") != "route: {receiver: mine}\n" {
		t.Error("overwritten")
	}
	w.mustWatch(undo)
	w.same(before, "undo")
}

// TestWatchFails: what promtool or amtool reject, or Prometheus does not load, leaves everything as it was. A
// receiver that rejects the test message is quoted, without the token.
func TestWatchFails(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	with := func(c *setup.Config) { c.Watch.Receivers.TelegramTokenFile = secretFile(t, token) }
	before := w.files()
	rules := w.read("/usr/share/raptoreum-exporter/alerts/alerts.yml")
	w.write("/usr/share/raptoreum-exporter/alerts/alerts.yml", "groups: 1\n")
	out, _, err := w.watch(with)
	if err == nil {
		t.Error("broken rules are accepted")
	}
	w.has(out, "promtool rejects")
	w.write("/usr/share/raptoreum-exporter/alerts/alerts.yml", rules)
	w.reloadsFail = true
	if out, _, err = w.watch(with); err == nil {
		t.Error("it does not notice that Prometheus rejects the configuration")
	}
	w.has(out, "it rejects the new configuration", "Nothing was changed")
	w.same(before, "failed")
	w.reloadsFail = false
	w.rejects = `ts=x level=warn component=dispatcher msg="Notify attempt failed" err="telegram: Post https://api.telegram.org/bot` + token + `/sendMessage: Unauthorized (401)"` + "\n"
	out, code, err := w.watch(with)
	if err != nil || code != 1 || strings.Contains(out, token) {
		t.Error(code, err, out)
	}
	w.has(out, "not delivered (telegram)", "Unauthorized (401)", "bot<secret>")
}

// TestWatchRunbooks: messages link to runbooks that a phone can open.
func TestWatchRunbooks(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	w.mustWatch(func(c *setup.Config) {
		c.Watch.Receivers.TelegramTokenFile = secretFile(t, token)
		c.Watch.RunbookURL = "https://example.org/runbooks/"
	})
	rules := w.read("/etc/prometheus/raptoreum/alerts.yml")
	all := strings.Count(w.read("/usr/share/raptoreum-exporter/alerts/alerts.yml"), "runbook_url:")
	if got := strings.Count(rules, "runbook_url: https://example.org/runbooks/Raptoreum"); got != all || strings.Contains(rules, "instance }}/runbooks") {
		t.Errorf("%d of %d links", got, all)
	}
}

// TestWatchRemoved: --undo works although the packages were removed since.
func TestWatchRemoved(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	w.mustWatch(func(c *setup.Config) { c.Watch.Receivers.TelegramTokenFile = secretFile(t, token) })
	w.gone = "prometheus.service"
	w.mustWatch(undo)
	if w.exists("/etc/prometheus/raptoreum") {
		t.Error("files are left")
	}
}
