package packaging_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"golang.org/x/crypto/bcrypt"

	"raptoreum_exporter/internal/tools"
)

// prometheusConfig has the fields of prometheus.yml that the tests check.
type prometheusConfig struct {
	RuleFiles     []string       `yaml:"rule_files"`
	ScrapeConfigs []scrapeConfig `yaml:"scrape_configs"`
	Alerting      struct {
		Alertmanagers []scrapeConfig
	}
}

type scrapeConfig struct {
	JobName       string `yaml:"job_name"`
	Scheme        string
	StaticConfigs []struct {
		Targets []string
		Labels  map[string]string
	} `yaml:"static_configs"`
	HTTPSDConfigs []struct{ URL string } `yaml:"http_sd_configs"`
}

// readPrometheus reads a prometheus.yml and checks the requirements of the alerts: the job name, the labels
// node and vantage, our rules, an Alertmanager.
func readPrometheus(t *testing.T, path string) (c prometheusConfig) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(tools.Read(t, path)), &c); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if len(c.RuleFiles) != 1 || filepath.Base(c.RuleFiles[0]) != "alerts.yml" || len(c.Alerting.Alertmanagers) != 1 || len(c.ScrapeConfigs) == 0 {
		t.Errorf("%s: rules %v, Alertmanagers %v, %d jobs", path, c.RuleFiles, c.Alerting.Alertmanagers, len(c.ScrapeConfigs))
	}
	for _, job := range c.ScrapeConfigs {
		if !strings.HasPrefix(job.JobName, "raptoreum") {
			t.Errorf("%s: the alerts do not select job %q", path, job.JobName)
		}
		for _, static := range job.StaticConfigs {
			if len(static.Targets) != 1 || static.Labels["node"] == "" || static.Labels["vantage"] != "self" {
				t.Errorf("%s: targets %v have labels %v, want node, and vantage self", path, static.Targets, static.Labels)
			}
		}
		for _, sd := range job.HTTPSDConfigs {
			if !strings.HasSuffix(sd.URL, ":10227/sd") {
				t.Errorf("%s: targets from %s", path, sd.URL)
			}
		}
	}
	return c
}

// checkPrometheus checks a prometheus.yml with promtool, with the rules and other files beside it.
func checkPrometheus(t *testing.T, path string) {
	t.Helper()
	promtools := tools.Find(t, "..", "promtool")
	dir := t.TempDir()
	write(t, dir+"/alerts.yml", tools.Read(t, "../alerts/alerts.yml"))
	config := write(t, dir+"/prometheus.yml", tools.Read(t, path))
	certificate(t, dir)
	for from, to := range map[string]string{"tls.crt": "raptoreum.crt", "raptoreum-password": "raptoreum-password"} {
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	for _, promtool := range promtools {
		run(t, promtool, "check", "config", config)
	}
}

// TestPrometheus checks that each example is a complete, valid configuration.
func TestPrometheus(t *testing.T) {
	files, err := filepath.Glob("prometheus/*.yml")
	if err != nil || len(files) != 5 {
		t.Fatal(files, err)
	}
	known := flagsOf(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, flag := range regexp.MustCompile(`(?m)^ *# +--([a-z.-]+)`).FindAllStringSubmatch(tools.Read(t, file), -1) {
				if !known[flag[1]] {
					t.Errorf("unknown flag %s", flag[1])
				}
			}
			if filepath.Base(file) == "web.yml" {
				return
			}
			readPrometheus(t, file)
			checkPrometheus(t, file)
		})
	}
}

// certificate runs the commands in web.yml that create a certificate for localhost and a password.
func certificate(t *testing.T, dir string) {
	t.Helper()
	needs(t, "openssl")
	script := "set -eu\nNAME=localhost\n"
	for _, line := range regexp.MustCompile(`(?m)^#   (openssl .*)$`).FindAllStringSubmatch(tools.Read(t, "prometheus/web.yml"), -1) {
		script += line[1] + "\n"
	}
	runIn(t, dir, "sh", "-c", script)
}

// TestTLS checks that with a web.yml created by its own instructions, the exporter requires TLS and the password.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	certificate(t, dir)
	password := strings.TrimSpace(tools.Read(t, dir+"/raptoreum-password"))
	if len(password) != 48 {
		t.Fatalf("the password has %d characters", len(password))
	}
	config := write(t, dir+"/web.yml", strings.Replace(tools.Read(t, "prometheus/web.yml"), ": HASH", ": "+hash(t, dir, password), 1))
	for _, promtool := range tools.Find(t, "..", "promtool") {
		run(t, promtool, "check", "web-config", config)
	}
	address, _, _ := serving(t, "--web.config.file="+config)
	url := "https://" + strings.Replace(address, "127.0.0.1", "localhost", 1) + "/metrics"
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(tools.Read(t, dir+"/tls.crt"))) {
		t.Fatal("no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	if status, body := get(t, client, url, "prometheus", password); status != http.StatusOK || !strings.Contains(body, "\nraptoreum_exporter_build_info{") {
		t.Errorf("with the password: %d %.200s", status, body)
	}
	for name, login := range map[string][2]string{"none": {}, "wrong password": {"prometheus", "x"}, "another user": {"root", password}} {
		if status, _ := get(t, client, url, login[0], login[1]); status != http.StatusUnauthorized {
			t.Errorf("%s: status %d", name, status)
		}
	}
	if status, body := get(t, http.DefaultClient, strings.Replace(url, "https", "http", 1), "prometheus", password); status != http.StatusBadRequest {
		t.Errorf("without TLS: %d %s", status, body)
	}
}

// hash returns the output of htpasswd, or a bcrypt hash of its own where htpasswd is not installed.
func hash(t *testing.T, dir, password string) string {
	t.Helper()
	if _, err := exec.LookPath("htpasswd"); err != nil {
		made, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		return string(made)
	}
	line := regexp.MustCompile(`(?m)^#   (htpasswd .*)$`).FindStringSubmatch(tools.Read(t, "prometheus/web.yml"))
	if line == nil {
		t.Fatal("web.yml has no htpasswd")
	}
	_, made, _ := strings.Cut(strings.TrimSpace(runIn(t, dir, "sh", "-c", line[1])), ":")
	return made
}
