package setup

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	deliveredWithin = 45 * time.Second // group_wait is 30 s by default
	testEndsAfter   = 5 * time.Minute
	resolvedLater   = "RESOLVED follows within 8 minutes." // testEndsAfter and group_interval
)

var errUnauthorized = errors.New("HTTP status 401 Unauthorized")

// send sends a request and returns the body of its answer. A status other than 200 is an error. trust are the
// certificates that it accepts; nil: those of the system.
func send(request *http.Request, trust *x509.CertPool) (string, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trust}}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	switch {
	case err != nil || response.StatusCode == http.StatusOK:
	case response.StatusCode == http.StatusUnauthorized:
		err = errUnauthorized
	default:
		err = fmt.Errorf("HTTP status %s", response.Status)
	}
	return string(body), err
}

// metrics returns what a program of this machine reports at a path, by name.
func (c *command) metrics(ctx context.Context, address, path string) (map[string]*dto.MetricFamily, error) {
	page, err := c.Get(ctx, address+path)
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(strings.NewReader(page))
}

// total returns the sum of the samples of a metric, of those of one integration of Alertmanager; empty: of all.
func total(family *dto.MetricFamily, integration string) (sum float64) {
	for _, m := range family.GetMetric() {
		of := func(l *dto.LabelPair) bool { return l.GetName() == "integration" && l.GetValue() == integration }
		if integration == "" || slices.ContainsFunc(m.GetLabel(), of) {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
		}
	}
	return sum
}

// counts are Alertmanager's counters of one integration.
type counts struct{ sent, failed float64 }

// counts returns the counters of the integrations that are tested.
func (c *command) counts(ctx context.Context) (map[string]counts, error) {
	families, err := c.metrics(ctx, c.address("prometheus-alertmanager", "9093"), "/metrics")
	all := map[string]counts{}
	for kind := range c.tests {
		requests := total(families["alertmanager_notification_requests_total"], kind)
		failed := total(families["alertmanager_notification_requests_failed_total"], kind)
		all[kind] = counts{requests - failed, failed}
	}
	return all, err
}

// sendTest sends a test message to each receiver, and says whether it took it. An error follows "was", and has its answer.
func (c *command) sendTest(ctx context.Context) error {
	before, err := c.counts(ctx)
	if err != nil {
		return fmt.Errorf("not sent, because Alertmanager does not answer: %w", err)
	}
	now := time.Now().UTC()
	if err := c.postTest(ctx, now); err != nil {
		return fmt.Errorf("not accepted by Alertmanager: %w", err)
	}
	waiting := maps.Clone(c.tests)
	for waited := time.Duration(0); len(waiting) > 0; waited += time.Second {
		if waited >= deliveredWithin || ctx.Err() != nil {
			return fmt.Errorf("not delivered within %s (%s). %s", deliveredWithin, strings.Join(slices.Sorted(maps.Keys(waiting)), ", "), c.reason(ctx, now))
		}
		c.Sleep(ctx, time.Second)
		after, err := c.counts(ctx)
		if err != nil {
			continue
		}
		for kind, want := range waiting {
			if after[kind].failed > before[kind].failed {
				return fmt.Errorf("not delivered (%s). %s\nTo correct it: setup watch %s", kind, c.reason(ctx, now), receiverFlags(kind))
			}
			if after[kind].sent-before[kind].sent >= want {
				c.print("The test message was delivered (%s).", kind)
				delete(waiting, kind)
			}
		}
	}
	c.print("It is only a test. %s", resolvedLater)
	return nil
}

// receiverFlags returns those that may be wrong if an integration fails.
func receiverFlags(integration string) string {
	return map[string]string{
		"telegram": "--telegram.chat-id or --telegram.token-file", "discord": "--discord.url-file", "webhook": "--webhook.url-file or --dead-mans-switch.url-file",
		"email": "--mail.smarthost, --mail.user or --mail.password-file",
	}[integration]
}

// postTest hands Alertmanager the test message and, for a dead man's switch, what it expects to get.
func (c *command) postTest(ctx context.Context, now time.Time) error {
	// Another one for each run, because Alertmanager does not repeat what it has just sent.
	run := now.Format("150405")
	// The label node is for the route of the dead man's switch, which groups by it. The test message has none: no
	// smartnode has a problem.
	alert := func(labels map[string]string) map[string]any {
		return map[string]any{
			"labels": labels,
			"annotations": map[string]string{
				"summary":     "Test message of raptoreum_exporter setup.",
				"description": "This is only a test: no action is required. Alerts about your smartnodes arrive like this one. " + resolvedLater,
			},
			"startsAt": now, "endsAt": now.Add(testEndsAfter),
		}
	}
	alerts := []map[string]any{alert(map[string]string{"alertname": "RaptoreumTest", "severity": "warning", "run": run})}
	if c.Watch.Receivers.Switch {
		alerts = append(alerts, alert(map[string]string{"alertname": "RaptoreumWatchdog", "severity": "info", "node": "test-" + run}))
	}
	body, err := json.Marshal(alerts)
	if err != nil {
		return err
	}
	return c.Post(ctx, c.address("prometheus-alertmanager", "9093")+"/api/v2/alerts", body)
}

// logWarning is for those who paste the log of Alertmanager, which has the address of a request that failed.
const logWarning = "that log may have the token or the address of a receiver, so do not show it to others"

// reason returns the last error about a notification in Alertmanager's log.
func (c *command) reason(ctx context.Context, since time.Time) string {
	// Alertmanager logs the first failure of a notification at once.
	out, err := c.Exec(ctx, "journalctl", "--unit="+alertUnit, "--since=@"+strconv.FormatInt(since.Unix()-1, 10), "--output=cat", "--no-pager")
	if err == nil {
		for _, line := range slices.Backward(strings.Split(out, "\n")) {
			if found := regexp.MustCompile(`\berr=("(?:[^"\\]|\\.)*"|\S+)`).FindStringSubmatch(line); found != nil {
				why, err := strconv.Unquote(found[1])
				if err != nil {
					why = found[1]
				}
				return "Alertmanager says: " + strings.TrimSpace(regexp.MustCompile(`^.* after \d+ attempts: `).ReplaceAllString(why, ""))
			}
		}
	}
	return "See journalctl -u prometheus-alertmanager; " + logWarning + "."
}

func post(ctx context.Context, url string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	_, err = send(request, nil)
	return err
}
