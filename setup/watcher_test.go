package setup_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/tools"
	"raptoreum_exporter/setup"
)

type watcher struct {
	*machine
	version          string // of Alertmanager
	promtool, amtool string // real ones
	rejects          string // log of Alertmanager, if it cannot deliver
	posted           string // to Alertmanager
	reloadsFail      bool
	reloadsLate      int               // seconds since the last reload
	stale            map[string]string // what a program runs with, if not its file: by file
}

func newWatcher(t *testing.T, version string) *watcher {
	t.Helper()
	w := &watcher{machine: newMachine(t), version: version}
	which := 0 // the current one
	if promtools := tools.Find(t, "../", "promtool"); version == "0.25.0" && len(promtools) > 1 {
		which = 1 // Debian's
	}
	w.promtool, w.amtool = tools.Find(t, "..", "promtool")[which], tools.Find(t, "..", "amtool")[which]
	w.write("/etc/prometheus/prometheus.yml", "# Sample config for Prometheus.\n")
	w.write("/etc/prometheus/alertmanager.yml", "# Sample configuration.\n")
	w.write("/usr/bin/prometheus", "")
	w.write("/usr/bin/prometheus-alertmanager", "")
	if err := os.CopyFS(w.path("/usr/share/raptoreum-exporter/alerts"), os.DirFS("../alerts")); err != nil {
		t.Fatal(err)
	}
	w.set("prometheus.service", true)
	w.set("prometheus-alertmanager.service", true)
	return w
}

func (w *watcher) exec(ctx context.Context, name string, args ...string) (string, error) {
	switch name {
	case "dpkg-query":
		if args[len(args)-1] == "prometheus" {
			return " /etc/prometheus/prometheus.yml 13c6abc4c738964baf877f0ae3c9c11e\n", nil
		}
		return " /etc/prometheus/alertmanager.yml 9f469bd7ed6680176b9669e40c8d397a\n", nil
	case "prometheus-alertmanager":
		return "alertmanager, version " + w.version + " (branch: debian/sid)\n", nil
	case "prometheus":
		return "prometheus, version 2.42.0+ds (branch: debian/sid)\n", nil
	case "promtool", "amtool":
		program := map[string]string{"promtool": w.promtool, "amtool": w.amtool}[name]
		out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
		return string(out), err
	case "journalctl":
		return w.rejects, nil
	}
	return w.machine.exec(ctx, name, args...)
}

// run runs setup watch.
func (w *watcher) watch(change func(*setup.Config)) (string, int, error) {
	w.Helper()
	w.posted = ""
	return w.run(func(c *setup.Config) {
		c.Watch = &setup.Watch{Nodes: []string{"paris=" + hash}}
		c.Watch.Receivers.TelegramChat = "42"
		c.System.Exec = w.exec
		c.System.Post = func(_ context.Context, _ string, body []byte) error { w.posted = string(body); return nil }
		c.System.Scrape = func(context.Context, string, *x509.CertPool, string) (string, error) {
			return "raptoreum_exporter_build_info 1\n", nil
		}
		c.System.Get = func(_ context.Context, url string) (string, error) {
			if loaded, ok := w.loaded(url); ok {
				return loaded, nil
			}
			sent, failed := 0, 0
			if w.posted != "" {
				sent = 2
			}
			if w.posted != "" && w.rejects != "" {
				failed = 2
			}
			return fmt.Sprintf("raptoreum_fleet_config_reload_success 1\nprometheus_config_last_reload_successful %d\nalertmanager_config_last_reload_successful 1\n"+
				"prometheus_config_last_reload_success_timestamp_seconds %[4]d\nalertmanager_config_last_reload_success_timestamp_seconds %[4]d\n"+
				"alertmanager_notification_requests_total{integration=\"telegram\"} %[2]d\nalertmanager_notification_requests_failed_total{integration=\"telegram\"} %[3]d\n"+
				"alertmanager_notification_requests_total{integration=\"webhook\"} %[2]d\nalertmanager_notification_requests_total{integration=\"email\"} %[2]d\n"+
				"alertmanager_notification_requests_total{integration=\"discord\"} %[2]d\n",
				map[bool]int{false: 1}[w.reloadsFail], sent, failed, time.Now().Unix()+1-int64(w.reloadsLate)), nil
		}
		if change != nil {
			change(c)
		}
	})
}

// loaded is what Prometheus and Alertmanager say about their configuration: their files, unless they are stale.
func (w *watcher) loaded(url string) (page string, ok bool) {
	path, format := "/etc/prometheus/prometheus.yml", `{"data":{"yaml":%q}}`
	switch {
	case strings.HasSuffix(url, ":9093/api/v2/status"):
		path, format = "/etc/prometheus/alertmanager.yml", `{"config":{"original":%q}}`
	case !strings.HasSuffix(url, ":9090/api/v1/status/config"):
		return "", false
	}
	text, stale := w.stale[path]
	if !stale {
		text = w.read(path)
	}
	return fmt.Sprintf(format, text), true
}

func (w *watcher) mustWatch(change func(*setup.Config)) string {
	w.Helper()
	out, code, err := w.watch(change)
	if err != nil || code != 0 {
		w.Fatalf("exit code %d, %v\n%s", code, err, out)
	}
	if strings.Contains(out, token) {
		w.Errorf("the token was printed:\n%s", out)
	}
	return out
}

// secretFile returns a file with a secret outside of the machine.
func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
