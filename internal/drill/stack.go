package drill

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Config is the configuration of a Stack.
type Config struct {
	Root     string     // root of the repository
	Programs string     // folder with prometheus and alertmanager; empty for PATH
	Nodes    []*Node    // what to scrape
	Scrapes  []any      // additional scrape_configs
	Replicas int        // number of each program, as replicas in a cluster; 0 means 1
	Mail     func(Mail) // called for each mail; may be nil
}

// Stack is one or more replicas of Prometheus and Alertmanager with our rules and routes on scaled time,
// and the Inbox that receives their notifications.
type Stack struct {
	Prometheus, Alertmanager []*Program
	Inbox                    *Inbox

	config  Config
	dir     string
	client  *http.Client
	cleanup []func()
	logs    strings.Builder // of all programs
}

// StartStack starts the programs and waits until they are ready. They run until ctx is done or Close.
func StartStack(ctx context.Context, config Config) (s *Stack, err error) {
	config.Replicas = max(1, config.Replicas)
	s = &Stack{config: config, Inbox: &Inbox{onMail: config.Mail}, client: &http.Client{
		Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true},
	}}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "raptoreum_exporter-drill-"); err != nil {
		return s, err
	}
	s.onClose(func() { _ = os.RemoveAll(s.dir) }) // temporary files, removal is best effort
	webhook := httptest.NewServer(s.Inbox)
	s.onClose(webhook.Close)
	smtp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return s, err
	}
	go s.Inbox.serveSMTP(smtp)
	s.onClose(func() { smtp.Close() })
	if err := s.writeConfigs(webhook.URL, smtp.Addr().String()); err != nil {
		return s, err
	}
	if err := s.startAlertmanagers(ctx); err != nil {
		return s, err
	}
	for i := range config.Replicas {
		p, err := s.StartPrometheus(ctx, fmt.Sprintf("prometheus-%d", i), s.prometheusConfig(i))
		if err != nil {
			return s, err
		}
		s.Prometheus = append(s.Prometheus, p)
	}
	return s, nil
}

func (s *Stack) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Stack) onClose(f func()) { s.cleanup = append(s.cleanup, f) }

// Close stops all programs and removes their files.
func (s *Stack) Close() {
	for i := len(s.cleanup) - 1; i >= 0; i-- {
		s.cleanup[i]()
	}
	s.cleanup = nil
}

// Logs returns the output of all programs. Call it after Close.
func (s *Stack) Logs() string { return s.logs.String() }

func (s *Stack) writeConfigs(webhook, smtp string) error {
	rules := filepath.Join(s.config.Root, "alerts", "alerts.yml")
	if err := s.writeScaled(rules, "rules.yml", nil); err != nil {
		return err
	}
	templates, err := filepath.Abs(filepath.Join(s.config.Root, "alerts", "templates", "*.tmpl"))
	if err != nil {
		return err
	}
	routes := filepath.Join(s.config.Root, "alerts", "alertmanager.yml")
	return s.writeScaled(routes, "alertmanager.yml", func(document map[string]any) {
		document["templates"] = []string{templates}
		routeToInbox(document, webhook, smtp)
	})
}

// prometheusConfig is the configuration of the i-th replica. The replica label is dropped from alerts, so
// that Alertmanager deduplicates them.
func (s *Stack) prometheusConfig(i int) map[string]any {
	jobs := map[string][]any{}
	for _, n := range s.config.Nodes {
		jobs[n.Job] = append(jobs[n.Job], map[string]any{
			"targets": []string{n.address}, "labels": map[string]string{"node": n.Name, "vantage": "self"},
		})
	}
	scrapes := slices.Clone(s.config.Scrapes)
	for job, targets := range jobs {
		scrapes = append(scrapes, map[string]any{"job_name": job, "static_configs": targets})
	}
	var alertmanagers []string
	for _, a := range s.Alertmanager {
		alertmanagers = append(alertmanagers, strings.TrimPrefix(a.URL, "http://"))
	}
	return map[string]any{
		// 15 s scaled is 250 ms, which is too fast for a small machine.
		"global": map[string]any{
			"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s",
			"external_labels": map[string]string{"replica": strconv.Itoa(i)},
		},
		"rule_files": []string{s.path("rules.yml")},
		"alerting": map[string]any{
			"alert_relabel_configs": []any{map[string]any{"action": "labeldrop", "regex": "replica"}},
			"alertmanagers":         []any{map[string]any{"static_configs": []any{map[string]any{"targets": alertmanagers}}}},
		},
		"scrape_configs": scrapes,
	}
}

// routeToInbox makes all receivers except "nobody" send to the inbox by webhook. Those that a person reads
// also send mails to it.
func routeToInbox(document map[string]any, webhook, smtp string) {
	for _, receiver := range document["receivers"].([]any) {
		receiver := receiver.(map[string]any)
		name := receiver["name"].(string)
		if name != "nobody" {
			receiver["webhook_configs"] = []any{map[string]any{"url": webhook + "/" + name, "send_resolved": true}}
		}
		if name == "mail" || name == "phone" {
			receiver["email_configs"] = []any{map[string]any{
				"to": "owner@example.org", "from": "alertmanager@example.org", "smarthost": smtp,
				"require_tls": false, "send_resolved": true, "html": "",
				"headers": map[string]string{"Subject": `{{ template "raptoreum.title" . }}`},
				"text":    `{{ template "raptoreum.short" . }}`,
			}}
		}
	}
}

// writeScaled writes one of our files with scaled times, after applying change, if any.
func (s *Stack) writeScaled(from, to string, change func(map[string]any)) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if data, err = scaleYAML(data); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	var document map[string]any
	if err := yaml.Unmarshal(data, &document); err != nil {
		return err
	}
	if change != nil {
		change(document)
	}
	return s.write(to, document)
}

func (s *Stack) write(name string, document any) error {
	data, err := yaml.Marshal(document)
	if err != nil {
		return err
	}
	return os.WriteFile(s.path(name), data, 0o600)
}
