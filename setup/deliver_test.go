package setup_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"raptoreum_exporter/internal/child"
	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/tools"
	"raptoreum_exporter/setup"
)

// delivering is a watcher with a real Alertmanager.
type delivering struct {
	*watcher
	program []string
	address string
	trusts  string // file of certificates
	running *exec.Cmd
	log     harness.Buffer
}

// debians is the Alertmanager of Debian 12, which has a template in /usr/share.
func debians(t *testing.T) []string {
	t.Helper()
	oldest, err := filepath.Abs("../.bin/oldest/usr")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(oldest + "/bin/prometheus-alertmanager"); err != nil {
		t.Skip(err)
	}
	const script = `mount -t overlay overlay -o "lowerdir=$1:/usr/share" /usr/share; shift; exec "$@"`
	command := []string{"unshare", "--map-root-user", "--mount", "sh", "-euc", script, "sh", oldest + "/share"}
	if out, err := exec.Command(command[0], append(command[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("no overlay of /usr/share: %v %s", err, out)
	}
	return append(command, oldest+"/bin/prometheus-alertmanager")
}

func newDelivering(t *testing.T, version string, program []string, trusts string) *delivering {
	t.Helper()
	d := &delivering{watcher: newWatcher(t, version), program: program, address: tools.FreeAddress(t), trusts: trusts}
	d.write("/etc/default/prometheus-alertmanager", `ARGS="--web.listen-address=`+d.address+` --cluster.listen-address="`+"\n")
	return d
}

// get gets a page of Alertmanager, which has the paths of the machine.
func (d *delivering) get(path string) (string, error) {
	response, err := http.Get("http://" + d.address + path)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return strings.ReplaceAll(string(body), d.root, ""), err
}

// reload starts Alertmanager, or sends SIGHUP, with the file of the machine.
func (d *delivering) reload() {
	d.Helper()
	path := d.path("/run/alertmanager.yml")
	config := strings.NewReplacer("/usr/share/", d.root+"/usr/share/", "/etc/prometheus/", d.root+"/etc/prometheus/").Replace(d.read("/etc/prometheus/alertmanager.yml"))
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		d.Fatal(err)
	}
	if d.running != nil {
		if err := d.running.Process.Signal(syscall.SIGHUP); err != nil {
			d.Fatal(err)
		}
		return
	}
	d.running = exec.CommandContext(context.Background(), d.program[0], append(d.program[1:], "--config.file="+path,
		"--storage.path="+filepath.Join(filepath.Dir(d.root), "data"), "--web.listen-address="+d.address, "--cluster.listen-address=")...)
	d.running.Stderr = &d.log
	d.running.Env = append(os.Environ(), "SSL_CERT_FILE="+d.trusts)
	ended, err := child.Start(d.running)
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { _ = d.running.Process.Kill(); <-ended })
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if _, err := d.get("/-/ready"); err == nil {
			return
		}
	}
	d.Fatalf("Alertmanager does not start:\n%s", &d.log)
}

// deliver runs setup watch with a receiver.
func (d *delivering) deliver(change func(*setup.Watch)) (out string, code int) {
	d.Helper()
	out, code, err := d.watch(func(c *setup.Config) {
		c.Watch.Receivers.TelegramChat = ""
		change(c.Watch)
		others := c.System.Get
		c.System.Get = func(ctx context.Context, url string) (string, error) {
			if path, ok := strings.CutPrefix(url, "http://"+d.address); ok {
				return d.get(path)
			}
			if strings.Contains(url, "/probe?") {
				return typed("raptoreum_smartnode_registered 1\nraptoreum_port_reachable 1\n"), nil
			}
			return others(ctx, url)
		}
		c.System.Post = func(_ context.Context, url string, body []byte) error {
			response, err := http.Post(url, "application/json", bytes.NewReader(body))
			if err == nil {
				err = response.Body.Close()
			}
			return err
		}
		c.System.Sleep = func(context.Context, time.Duration) { time.Sleep(100 * time.Millisecond) }
		c.System.Exec = func(ctx context.Context, name string, args ...string) (string, error) {
			switch line := strings.Join(args, " "); {
			case name == "systemctl" && strings.HasSuffix(line, "start prometheus-alertmanager.service"):
				d.reload()
			case name == "journalctl":
				return d.log.String(), nil
			}
			return d.exec(ctx, name, args...)
		}
	})
	if err != nil {
		d.Fatal(err, out)
	}
	if strings.Contains(out, "secret-of-the-test") {
		d.Errorf("a secret was printed:\n%s", out)
	}
	return out, code
}

// TestDelivers: the messages arrive, and setup says so; of each failure it says what the receiver answered.
func TestDelivers(t *testing.T) {
	t.Parallel()
	key, certificate, err := setup.Certify("127.0.0.1", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	trusts := secretFile(t, certificate)
	for version, find := range map[string]func(*testing.T) []string{
		"0.25.0": debians, "0.28.0": func(t *testing.T) []string { return tools.Find(t, "..", "alertmanager")[:1] },
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			var in inbox
			d := newDelivering(t, version, find(t), trusts)
			web, smtp := hooks(t, &in), mailServer(t, &in, pair, "bot@example.org", "secret-of-the-test")
			for _, test := range deliveries(t, web, smtp) {
				in.messages = nil
				out, code := d.deliver(test.change)
				if testing.Verbose() {
					t.Logf("%s:\n%s\n%s", test.name, out[max(0, strings.Index(out, "The test message")):], in.all())
				}
				d.has(out, test.says)
				for _, want := range test.got {
					if !strings.Contains(in.all(), want) {
						t.Errorf("%s: no %q in\n%s", test.name, want, in.all())
					}
				}
				if delivered := len(test.got) > 0; (code == 0) != delivered {
					t.Errorf("%s: exit code %d\n%s", test.name, code, out)
				}
				time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // the next message has another time
			}
		})
	}
}

type delivery struct {
	name   string
	change func(*setup.Watch)
	says   string
	got    []string // by the receiver; empty: nothing
}

func deliveries(t *testing.T, web, smtp string) []delivery {
	t.Helper()
	discord := func(address string) func(*setup.Watch) {
		file := secretFile(t, address)
		return func(w *setup.Watch) { w.Receivers.DiscordURLFile = file }
	}
	webhook := func(address string) func(*setup.Watch) {
		file := secretFile(t, address)
		return func(w *setup.Watch) { w.Receivers.WebhookURLFile = file }
	}
	mail := func(server, user, password string) func(*setup.Watch) {
		file := secretFile(t, password)
		return func(w *setup.Watch) {
			r := &w.Receivers
			r.MailTo, r.MailSmarthost, r.MailUser = "me@example.org", server, user
			if user != "" {
				r.MailPasswordFile = file
			}
		}
	}
	const secret, summary = "/secret-of-the-test", "Test message of raptoreum_exporter setup."
	refused := tools.FreeAddress(t)
	return []delivery{
		{"discord", discord(web + "/discord" + secret), "The test message was delivered (discord).", []string{`"title":"` + summary + `"`, `"description":"Since `, "This is only a test: no action is required."}},
		{"discord 401", discord(web + "/401" + secret), `The test message was not delivered (discord). Alertmanager says: unexpected status code 401: {"message": "401: Unauthorized", "code": 0}` + "\nTo correct it: setup watch --discord.url-file\n", nil},
		{"discord 404", discord(web + "/404" + secret), "status code 404", nil},
		{"discord refused", discord("http://" + refused + secret), "connection refused", nil},
		{"webhook", webhook(web + "/webhook" + secret), "The test message was delivered (webhook).", []string{`"summary":"` + summary + `"`, `"status":"firing"`}},
		{"webhook 401", webhook(web + "/401" + secret), "status code 401", nil},
		{"webhook 404", webhook(web + "/404" + secret), "unexpected status code 404: ", nil},
		{"webhook refused", webhook("http://" + refused + secret), "connection refused", nil},
		{"mail without TLS", mail(smtp, "", ""), "The test message was delivered (email).", []string{"Subject: " + summary}},
		{"mail", mail(smtp, "bot@example.org", "secret-of-the-test"), "The test message was delivered (email).", []string{"Subject: " + summary, "To: me@example.org", "This is only a test: no action is required."}},
		{"mail, wrong password", mail(smtp, "bot@example.org", "not-this-one"), "authentication failed", nil},
		{"mail refused", mail(refused, "bot@example.org", "secret-of-the-test"), "connection refused", nil},
	}
}
