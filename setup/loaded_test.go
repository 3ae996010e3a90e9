package setup_test

import (
	"strings"
	"testing"
)

// TestNotLoaded: what was merged by hand, but is not loaded, is not taken for what runs.
func TestNotLoaded(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	w.mustWatch(withToken(t))
	for path, test := range map[string]struct{ running, want string }{
		"/etc/prometheus/prometheus.yml": {
			"scrape_configs: []\n", "Not loaded: Prometheus runs without /etc/prometheus/raptoreum/alerts.yml, alertmanagers, http://127.0.0.1:10240/sd, 127.0.0.1:10240, which " +
				"/etc/prometheus/prometheus.yml has. Run sudo systemctl reload-or-restart prometheus.service, and then setup watch again.",
		},
		"/etc/prometheus/alertmanager.yml": {
			"receivers: []\n", "Not loaded: Alertmanager runs without the templates, telegram_configs, chat_id 42, which /etc/prometheus/alertmanager.yml has. Run sudo systemctl reload-or-restart prometheus-alertmanager.service",
		},
	} {
		mine := "# mine\n" + w.read(path)
		w.write(path, mine)
		w.has(w.mustWatch(nil), "Nothing to change.") // it has what is wanted, and runs
		w.stale = map[string]string{path: test.running}
		out, code, err := w.watch(nil)
		if err != nil || code != 1 {
			t.Error(code, err)
		}
		w.has(last(out), test.want)
		w.stale = nil
	}
}

// TestLateReload: the configuration from before the changes is not taken for the new one.
func TestLateReload(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	before := w.files()
	w.reloadsLate = 60
	out, _, err := w.watch(withToken(t))
	if err == nil || !strings.Contains(out, "it does not load the new configuration") {
		t.Error(err, out)
	}
	w.same(before, "failed")
	w.reloadsLate = 0
	w.mustWatch(withToken(t))
	w.reloadsLate = 60
	w.has(w.mustWatch(nil), "Nothing to change.")
}
