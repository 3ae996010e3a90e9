package setup_test

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"raptoreum_exporter/setup"
)

// withToken configures the receiver.
func withToken(t *testing.T, nodes ...string) func(*setup.Config) {
	return func(c *setup.Config) {
		c.Watch.Receivers.TelegramTokenFile = secretFile(t, token)
		if len(nodes) > 0 {
			c.Watch.Nodes = nodes
		}
	}
}

// last returns the last line.
func last(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// TestUnfinished: with a prometheus.yml of a person the last line says what is missing, and how its keys are merged.
// Once they are, nothing is.
func TestUnfinished(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	const path = "/etc/prometheus/prometheus.yml"
	w.write(path, "rule_files: []\nscrape_configs:\n  - job_name: mine # http://127.0.0.1:10240/sd\n")
	out, code, err := w.watch(withToken(t))
	if err != nil || code != 1 {
		t.Error(code, err)
	}
	w.has(out, "Merge the lines above by hand. The file already has rule_files, scrape_configs: add what is under it")
	w.has(last(out), "Not finished: "+path, "It lacks /etc/prometheus/raptoreum/alerts.yml, alertmanagers, http://127.0.0.1:10240/sd, 127.0.0.1:10240.", "not watched", "systemctl reload-or-restart prometheus.service")
	w.write(path, "alerting: {alertmanagers: []}\nrule_files: [/etc/prometheus/raptoreum/alerts.yml]\nscrape_configs: [{job_name: a, http_sd_configs: [{url: 'http://127.0.0.1:10240/sd'}]}]\n")
	if out, _, _ = w.watch(nil); !strings.Contains(last(out), "It lacks 127.0.0.1:10240.") {
		t.Error(out)
	}
	w.write(path, "alerting: {alertmanagers: []}\nrule_files: [/etc/prometheus/raptoreum/alerts.yml]\nscrape_configs:\n  - job_name: raptoreum-fleet\n    http_sd_configs: [{url: 'http://127.0.0.1:10240/sd'}]\n  - job_name: raptoreum\n    static_configs: [{targets: ['127.0.0.1:10240']}]\n")
	if out := w.mustWatch(nil); strings.Contains(out, "Not finished") || !strings.Contains(out, "Nothing to change.") {
		t.Error(out)
	}
}

// TestFleetEdited: a node that is not in the fleet.yml of a person is not watched.
func TestFleetEdited(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	w.mustWatch(withToken(t))
	w.write("/etc/raptoreum_exporter/watch/fleet.yml", "# mine\n"+w.read("/etc/raptoreum_exporter/watch/fleet.yml"))
	w.has(w.mustWatch(nil), "Nothing to change.") // it has what is wanted
	out, code, err := w.watch(withToken(t, "paris="+hash, "d="+strings.Repeat("ab", 32)))
	if err != nil || code != 1 {
		t.Error(code, err)
	}
	w.has(out, "Nothing else to change.")
	w.has(last(out), "Not finished: /etc/raptoreum_exporter/watch/fleet.yml", "It lacks d.")
}

// TestUndoTwice: once a person has removed the file that an undo kept, another one removes the record and the folder.
func TestUndoTwice(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	before := w.files()
	w.mustWatch(withToken(t))
	w.write("/etc/raptoreum_exporter/watch/fleet.yml", "nodes: [] # mine\n")
	if out, code, err := w.watch(undo); err != nil || code != 1 {
		t.Error(code, err, out)
	}
	if err := os.Remove(w.path("/etc/raptoreum_exporter/watch/fleet.yml")); err != nil {
		t.Fatal(err)
	}
	w.has(w.mustWatch(undo), "Everything is as it was")
	w.same(before, "second undo")
}

// TestRemember: another run lists all smartnodes, and keeps the settings of a receiver that it names.
func TestRemember(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	w.mustWatch(func(c *setup.Config) {
		withToken(t)(c)
		c.Watch.Receivers.TelegramAPI = "http://127.0.0.1:8081"
	})
	other := strings.Repeat("ab", 32)
	out := w.mustWatch(func(c *setup.Config) {
		c.Watch = &setup.Watch{Nodes: []string{"b=" + other}}
		c.Watch.Receivers.TelegramChat = "43"
	})
	w.has(out, "paris is no longer watched, because --node lists all smartnodes.")
	w.has(w.read("/etc/prometheus/alertmanager.yml"), "chat_id: 43", `api_url: "http://127.0.0.1:8081"`)
	if strings.Contains(w.read("/etc/raptoreum_exporter/watch/fleet.yml"), hash) {
		t.Error("paris is still watched")
	}
	// Another kind of receiver replaces it.
	w.mustWatch(func(c *setup.Config) {
		c.Watch = &setup.Watch{}
		c.Watch.Receivers.DiscordURLFile = secretFile(t, "https://example.org/secret-of-the-test")
	})
	if got := w.read("/etc/prometheus/alertmanager.yml"); strings.Contains(got, "chat_id") || !strings.Contains(got, "discord_configs") {
		t.Error(got)
	}
}

// TestNodeStates: the end says what is known of each smartnode.
func TestNodeStates(t *testing.T) {
	const registered = "raptoreum_smartnode_registered 1\nraptoreum_smartnode_info{address=\"51.15.1.2:10226\",payout_address=\"R\",protx=\"x\"} 1\nraptoreum_smartnode_pose_banned 0\n"
	for want, page := range map[string]string{
		"paris: registered, 51.15.1.2:10226, handshake succeeded":                 registered + "raptoreum_port_reachable 1\nraptoreum_port_identity_match 1\n",
		"paris: registered, 51.15.1.2:10226, handshake FAILED (connect)":          registered + "raptoreum_port_reachable 0\nraptoreum_port_failed_phase{phase=\"connect\"} 1\nraptoreum_port_failed_phase{phase=\"version\"} 0\n",
		"paris: registered, 51.15.1.2:10226, but another smartnode answers there": registered + "raptoreum_port_reachable 1\nraptoreum_port_identity_match 0\n",
		"paris: registered, 51.15.1.2:10226, no handshake yet":                    registered,
		"paris: registered, PoSe-banned, handshake succeeded":                     "raptoreum_smartnode_registered 1\nraptoreum_smartnode_pose_banned 1\nraptoreum_port_reachable 1\n",
		"paris: NOT REGISTERED: no smartnode has the proTxHash " + hash:           "raptoreum_smartnode_registered 0\n",
		"paris: not known yet whether it is registered":                           "probe_success 0\n",
		"paris: not known yet: HTTP status 500":                                   "",
	} {
		w := newWatcher(t, "0.25.0")
		out, code, err := w.watch(func(c *setup.Config) {
			withToken(t)(c)
			others := c.System.Get
			c.System.Get = func(ctx context.Context, url string) (string, error) {
				switch {
				case url != "http://127.0.0.1:10240/probe?target="+hash:
					return others(ctx, url)
				case page == "":
					return "", errors.New("HTTP status 500")
				}
				return typed(page), nil
			}
		})
		w.has(out, "\n"+want+"\n", "http://127.0.0.1:10240/ on this machine")
		if registered := !strings.Contains(want, "NOT"); err != nil || (code == 0) != registered || strings.Contains(last(out), "Not registered: no smartnode has the proTxHash of paris.") == registered {
			t.Errorf("%s: exit code %d, %v\n%s", want, code, err, out)
		}
	}
}

// typed adds the types of metrics to a page, as the exporter does.
func typed(page string) (full string) {
	seen := map[string]bool{}
	for line := range strings.Lines(page) {
		if name := regexp.MustCompile(`^\w+`).FindString(line); !seen[name] {
			seen[name], full = true, full+"# TYPE "+name+" gauge\n"
		}
		full += line
	}
	return full
}

// TestTestMessage: it says that it is one, and setup says that RESOLVED follows.
func TestTestMessage(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	w.has(w.mustWatch(withToken(t)), "It is only a test. RESOLVED follows within 8 minutes.")
	w.has(w.posted, "This is only a test: no action is required.", "RESOLVED follows within 8 minutes.")
	for _, wrong := range []string{"critical", `"node"`} {
		if strings.Contains(w.posted, wrong) {
			t.Errorf("it has %s: %s", wrong, w.posted)
		}
	}
}

// TestNextCommand: setup prints the command for the machine that watches.
func TestNextCommand(t *testing.T) {
	m := newMachine(t)
	m.one(daemon(t, nil))
	m.has(m.must(func(c *setup.Config) { c.Node.Name = "paris" }), "sudo raptoreum_exporter setup watch --node paris="+hash+"\n")
}

// TestLogWarning: the log that an error names may have a secret.
func TestLogWarning(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	w.reloadsFail = true
	out, _, _ := w.watch(withToken(t))
	w.has(out, "so do not show it to others")
}
