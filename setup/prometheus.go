package setup

import (
	"context"
	"crypto/md5" // #nosec G501 -- dpkg's
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// conffiles are the checksums of configuration files as their packages installed them.
type conffiles map[string]string

// conffiles asks dpkg. Without an answer no file counts as the package's own.
func (c *command) conffiles(ctx context.Context) conffiles {
	all := conffiles{}
	for _, name := range []string{"prometheus", "prometheus-alertmanager"} {
		out, err := c.Exec(ctx, "dpkg-query", "--showformat=${Conffiles}\n", "--show", name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(out) {
			if f := strings.Fields(line); len(f) >= 2 && strings.HasPrefix(f[0], "/") {
				all[f[0]] = f[1]
			}
		}
	}
	return all
}

// has returns a function that reports whether a content is that of the package.
func (f conffiles) has(path string) func(content string) bool {
	return func(content string) bool {
		s := md5.Sum([]byte(content)) // #nosec G401 -- dpkg's
		return f[path] == hex.EncodeToString(s[:])
	}
}

// rules returns the alert rules. A link to the exporter's own runbooks would be dead on a phone, because the exporter
// listens on loopback only.
func (c *command) rules() (string, error) {
	text, err := readRegular(c.path(share+"/alerts/alerts.yml"), maxText)
	if err != nil {
		return "", err
	}
	link := regexp.MustCompile(`(?m)^( *runbook_url: ).*/runbooks/(Raptoreum\w+)'?\n`)
	if c.Watch.RunbookURL == "" {
		return link.ReplaceAllString(string(text), ""), nil
	}
	base := strings.TrimSuffix(c.Watch.RunbookURL, "/")
	if !regexp.MustCompile(`^https?://[A-Za-z0-9]\S*$`).MatchString(base) || strings.ContainsAny(base, "'\"#{}") {
		return "", errors.New("--runbook-url: give the address of the folder, such as https://example.org/runbooks")
	}
	return link.ReplaceAllString(string(text), "${1}"+base+"/${2}.md\n"), nil
}

// prometheusConf returns prometheus.yml: that of Debian, and what is watched.
func (c *command) prometheusConf(jobs string) string {
	return `# Written by raptoreum_exporter setup watch, which does not change this file again if you edit it.
global:
  scrape_interval: 1m
  evaluation_interval: 1m
` + c.prometheusRules() + `scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ["` + strings.TrimPrefix(c.address("prometheus", "9090"), "http://") + `"]}]
  - job_name: node # prometheus-node-exporter, if it is installed
    static_configs: [{targets: ["localhost:9100"]}]
` + jobs
}

// prometheusRules returns the part of prometheus.yml about alerts.
func (c *command) prometheusRules() string {
	return `rule_files:
  - ` + prometheusDir + `/alerts.yml
alerting:
  alertmanagers:
    - static_configs: [{targets: ["` + strings.TrimPrefix(c.address("prometheus-alertmanager", "9093"), "http://") + `"]}]
`
}

// scrapeJobs returns the scrape configurations of what is watched.
func (c *command) scrapeJobs(all []target, own []placed, listen string) string {
	var b strings.Builder
	if listen != "" {
		b.WriteString("  # The smartnodes, probed from here. The exporter lists them.\n  - job_name: raptoreum-fleet\n    http_sd_configs: [{url: \"http://" + listen + "/sd\"}]\n")
	}
	var static []string
	if listen != "" {
		static = append(static, entry(listen, watcherNode))
	}
	for _, o := range own {
		static = append(static, entry(o.Listen, o.Label))
	}
	if c.Watch.Reach == reachAddress {
		for _, t := range all {
			if t.host != "" {
				static = append(static, entry(t.host, t.name))
			}
		}
	}
	if len(static) > 0 {
		b.WriteString("  # Exporters.\n  - job_name: raptoreum\n    static_configs:\n" + strings.Join(static, ""))
	}
	if c.Watch.Reach == reachTLS {
		for _, t := range all {
			if t.host != "" {
				fmt.Fprintf(&b, "  - job_name: raptoreum-%s\n    scheme: https\n    basic_auth: {username: prometheus, password_file: %s}\n    tls_config: {ca_file: %s}\n    static_configs:\n%s",
					t.name, t.file("password"), t.file("crt"), entry(t.host, t.name))
			}
		}
	}
	return b.String()
}

func entry(address, node string) string {
	return fmt.Sprintf("      - targets: [%q]\n        labels: {node: %q, vantage: self}\n", address, node)
}

// planArguments keeps Prometheus and Alertmanager off the internet, where they would answer everybody. Alertmanager
// without a cluster also starts on a machine without a private address.
func (c *command) planArguments(p *plan, f conffiles, past record) error {
	for _, d := range []struct{ path, arguments, unit string }{
		{"/etc/default/prometheus", "--web.listen-address=127.0.0.1:9090", prometheusUnit},
		{"/etc/default/prometheus-alertmanager", "--web.listen-address=127.0.0.1:9093 --cluster.listen-address=", alertUnit},
	} {
		old, err := c.read(d.path)
		if err != nil {
			return err
		}
		one := change{path: d.path, mode: 0o644, replaces: f.has(d.path), units: []string{d.unit}}
		one.content = "# Written by raptoreum_exporter setup watch, which does not change this file again if you edit it.\nARGS=\"" + d.arguments + "\"\n"
		// Arguments of a person stay, also those added later.
		before, ours := past.Files[d.path]
		if old != nil && (ours && before.known(old.content) || one.replaces(old.content)) {
			p.files = append(p.files, one)
		}
	}
	return nil
}

// address returns where a program of Debian's listens: as its arguments say, or else on the usual port.
func (c *command) address(name, port string) string {
	arguments, err := readRegular(c.path("/etc/default/"+name), maxText)
	found := regexp.MustCompile(`(?m)^ARGS=.*--web\.listen-address[= ]"?([^\s"']+)`).FindSubmatch(arguments)
	host := "127.0.0.1"
	if err == nil && found != nil {
		if h, p, err := net.SplitHostPort(string(found[1])); err == nil {
			port = p
			if ip := net.ParseIP(h); ip != nil && !ip.IsUnspecified() {
				host = h
			}
		}
	}
	return "http://" + net.JoinHostPort(host, port)
}

// checkConfigs lets promtool and amtool check the files before they are put in place.
func (c *command) checkConfigs(ctx context.Context, p plan) error {
	dir, err := os.MkdirTemp("", "raptoreum-setup-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	staged := map[string]string{}
	for _, f := range p.files {
		if !strings.HasPrefix(f.path, "/etc/prometheus/") {
			continue
		}
		content := strings.ReplaceAll(f.content, prometheusDir+"/", dir+"/")
		content = strings.ReplaceAll(content, share+"/", c.path(share)+"/")
		staged[f.path] = filepath.Join(dir, filepath.Base(f.path))
		if err := os.WriteFile(staged[f.path], []byte(content), 0o600); err != nil {
			return err
		}
	}
	for _, check := range [][]string{
		{"promtool", "check", "config", staged[prometheusConf]},
		{"amtool", "check-config", staged[alertConf]},
	} {
		if out, err := c.Exec(ctx, check[0], check[1:]...); err != nil {
			return fmt.Errorf("%s rejects what would be written, so nothing was changed: %w\n%s", check[0], err, strings.ReplaceAll(out, dir, "/etc/prometheus"))
		}
	}
	return nil
}

const reloadsWithin = 20 * time.Second

// reloaded returns an error if Prometheus, Alertmanager or the exporter does not run with the new configuration.
func (c *command) reloaded(ctx context.Context) error {
	type program struct{ name, unit, address, metric, loaded, conf string }
	programs := []program{
		{"Prometheus", prometheusUnit, c.address("prometheus", "9090"), "prometheus_config_last_reload_successful", "prometheus_config_last_reload_success_timestamp_seconds", prometheusConf},
		{"Alertmanager", alertUnit, c.address("prometheus-alertmanager", "9093"), "alertmanager_config_last_reload_successful", "alertmanager_config_last_reload_success_timestamp_seconds", alertConf},
	}
	for _, p := range c.placing { // it is restarted, not reloaded
		programs = append(programs, program{"The exporter", watchUnit, "http://" + p.Listen, "raptoreum_fleet_config_reload_success", "", etc + "/watch/flags"})
	}
	for _, p := range programs {
		if slices.Contains(c.keptFiles, p.conf) {
			continue
		}
		for waited := time.Duration(0); ; waited += time.Second {
			families, err := c.metrics(ctx, p.address, "/metrics")
			// systemctl reload returns before the reload.
			old := p.loaded != "" && slices.Contains(c.reloading, p.unit) && total(families[p.loaded], "") < float64(c.began.UnixMilli())/1000
			switch {
			case err != nil:
			case total(families[p.metric], "") != 1:
				err = errors.New("it rejects the new configuration")
			case old:
				err = errors.New("it does not load the new configuration")
			}
			if err == nil {
				break
			}
			if waited >= reloadsWithin || ctx.Err() != nil {
				return fmt.Errorf("%s at %s: %w%s; see journalctl -u %s; %s", p.name, p.address, err, c.log(ctx, p.unit), p.unit, logWarning)
			}
			c.Sleep(ctx, time.Second)
		}
	}
	return nil
}
