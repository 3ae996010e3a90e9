//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// stack is a Prometheus and an Alertmanager with our rules and routes, and where they report to.
type stack struct {
	*testing.T
	prometheus, alertmanager string // URLs
	inbox                    *inbox
	client                   *http.Client
	nodes                    int
}

// startStack watches the nodes until the end of the test.
func startStack(t *testing.T, nodes []*node) *stack {
	t.Helper()
	s := &stack{T: t, nodes: len(nodes), inbox: new(inbox), client: &http.Client{
		Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true},
	}}
	dir := t.TempDir()
	webhook := httptest.NewServer(s.inbox)
	t.Cleanup(webhook.Close)
	smtp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.inbox.serveSMTP(smtp)
	t.Cleanup(func() { smtp.Close() })

	rules := filepath.Join(dir, "rules.yml")
	s.writeScaled("../alerts/alerts.yml", rules, nil)
	routes := filepath.Join(dir, "alertmanager.yml")
	templates, err := filepath.Abs("../alerts/templates/*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	s.writeScaled("../alerts/alertmanager.yml", routes, func(document map[string]any) {
		document["templates"] = []string{templates}
		receive(document, webhook.URL, smtp.Addr().String())
	})
	address := freeAddress(t)
	s.alertmanager = "http://" + address
	s.start("alertmanager", s.alertmanager, "--config.file="+routes, "--storage.path="+filepath.Join(dir, "alertmanager"),
		"--web.listen-address="+address, "--cluster.listen-address=", "--log.level=warn")

	config := filepath.Join(dir, "prometheus.yml")
	s.write(config, s.prometheusConfig(rules, address, nodes))
	address = freeAddress(t)
	s.prometheus = "http://" + address
	s.start("prometheus", s.prometheus, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "prometheus"),
		"--web.listen-address="+address, "--log.level=warn",
		"--query.lookback-delta="+scaled(5*time.Minute).String(), "--rules.alert.resend-delay="+scaled(time.Minute).String())
	return s
}

func (s *stack) prometheusConfig(rules, alertmanager string, nodes []*node) map[string]any {
	var targets []any
	for _, n := range nodes {
		targets = append(targets, map[string]any{
			"targets": []string{n.address}, "labels": map[string]string{"node": n.name, "vantage": "self"},
		})
	}
	return map[string]any{
		// 15 s would be 250 ms, which is too fast for a small machine.
		"global":     map[string]any{"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
		"rule_files": []string{rules},
		"alerting": map[string]any{"alertmanagers": []any{map[string]any{
			"static_configs": []any{map[string]any{"targets": []string{alertmanager}}},
		}}},
		"scrape_configs": []any{map[string]any{"job_name": "raptoreum", "static_configs": targets}},
	}
}

// receive makes of our routes some whose receivers, but the one that is nobody, send to the inbox: mail by
// SMTP as well.
func receive(document map[string]any, webhook, smtp string) {
	for _, receiver := range document["receivers"].([]any) {
		receiver := receiver.(map[string]any)
		name := receiver["name"].(string)
		if name != "nobody" {
			receiver["webhook_configs"] = []any{map[string]any{"url": webhook + "/" + name, "send_resolved": true}}
		}
		if name == "mail" {
			receiver["email_configs"] = []any{map[string]any{
				"to": "owner@example.org", "from": "alertmanager@example.org", "smarthost": smtp,
				"require_tls": false, "send_resolved": true, "html": "",
				"headers": map[string]string{"Subject": `{{ template "raptoreum.title" . }}`},
				"text":    `{{ template "raptoreum.text" . }}`,
			}}
		}
	}
}

// writeScaled writes a file of ours with scaled times, after change, if any.
func (s *stack) writeScaled(from, to string, change func(map[string]any)) {
	s.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		s.Fatal(err)
	}
	if data, err = scaleYAML(data); err != nil {
		s.Fatalf("%s: %v", from, err)
	}
	var document map[string]any
	if err := yaml.Unmarshal(data, &document); err != nil {
		s.Fatal(err)
	}
	if change != nil {
		change(document)
	}
	s.write(to, document)
}

func (s *stack) write(path string, document any) {
	s.Helper()
	data, err := yaml.Marshal(document)
	if err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.Fatal(err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs a program of .bin until the end of the test, or of this process however that comes
// about, and waits until it is ready.
func (s *stack) start(program, url string, args ...string) {
	s.Helper()
	binary, err := filepath.Abs("../.bin/" + program)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		s.Fatalf("%v; `make e2e` builds it first", err)
	}
	var log strings.Builder
	command := exec.Command(binary, args...)
	command.Stdout, command.Stderr = &log, &log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the child gets its signal when the thread that started it ends
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // its log says more
		}
	}()
	if err := <-started; err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		_ = command.Process.Kill()
		<-ended
		if s.Failed() {
			s.Logf("%s:\n%s", program, log.String())
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if err := s.get(url+"/-/ready", nil); err == nil {
			return
		} else if time.Now().After(deadline) {
			s.Fatalf("%s is not ready: %v", program, err)
		}
	}
}

// get reads JSON into value, if any.
func (s *stack) get(url string, value any) error {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", url, response.Status, body)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(body, value)
}

// count returns how many series an expression has.
func (s *stack) count(expr string) int {
	var reply struct{ Data struct{ Result []any } }
	if err := s.get(s.prometheus+"/api/v1/query?query="+url.QueryEscape(expr), &reply); err != nil {
		return 0
	}
	return len(reply.Data.Result)
}

// inhibited adds the alerts of a node that Alertmanager knows of and tells nobody.
func (s *stack) inhibited(node string, found map[alert]bool) {
	var reply []struct {
		Labels map[string]string
		Status struct{ InhibitedBy []string }
	}
	if err := s.get(s.alertmanager+"/api/v2/alerts?filter="+url.QueryEscape(`node="`+node+`"`), &reply); err != nil {
		return
	}
	for _, a := range reply {
		if len(a.Status.InhibitedBy) > 0 {
			found[alert{a.Labels["alertname"], a.Labels["severity"]}] = true
		}
	}
}
