package setup_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/tools"
	"raptoreum_exporter/setup"
)

// exporterAt answers as an exporter with TLS and a password does, until the test ends or stop is called.
func exporterAt(t *testing.T, address, certificate, key, password string) (stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, given, _ := r.BasicAuth(); given != password {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte("raptoreum_exporter_build_info 1\n"))
	}))
	_ = s.Listener.Close()
	s.Listener = l
	if certificate == "" {
		s.Start()
		return s.Close
	}
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.StartTLS()
	return s.Close
}

// TestReachTLS: it scrapes the exporter as Prometheus will, and says what is wrong and what is left to do.
func TestReachTLS(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	address := tools.FreeAddress(t)
	run := func() (string, int) {
		out, code, err := w.watch(func(c *setup.Config) {
			withToken(t, "a="+address)(c)
			c.Watch.Reach, c.System.Scrape = "tls", nil
		})
		if err != nil {
			t.Fatal(err, out)
		}
		return out, code
	}
	_, port, _ := net.SplitHostPort(address)
	out, code := run()
	w.has(out, "a: the exporter at "+address+" cannot be scraped: ", "connection refused", "sudo tar -C /etc/raptoreum_exporter/watch -c a | ssh 127.0.0.1 tar -x",
		"ssh -t 127.0.0.1 'sudo raptoreum_exporter setup --web a && rm -r a'", "connect to port "+port, "Then run setup watch again.")
	if code != 1 {
		t.Error("exit code", code)
	}
	const folder = "/etc/raptoreum_exporter/watch/a/"
	certificate, key := w.read(folder+"tls.crt"), w.read(folder+"tls.key")
	right := strings.TrimSpace(w.read("/etc/prometheus/raptoreum/a.password"))
	otherKey, others, err := setup.Certify("127.0.0.1", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ certificate, key, password, want string }{
		{certificate, key, right, "a: the exporter at " + address + " answers"},
		{certificate, key, "another", "HTTP status 401 Unauthorized. Its password is not the one that was made here"},
		{others, otherKey, right, "Its certificate is not the one that was made here"},
		{"", "", "", "server gave HTTP response to HTTPS client"},
	} {
		stop := exporterAt(t, address, test.certificate, test.key, test.password)
		out, code := run()
		stop()
		w.has(out, test.want, "Nothing to change.")
		if answers := strings.HasSuffix(test.want, "answers"); (code == 0) != answers || strings.Contains(out, "ssh -t") == answers {
			t.Errorf("%s: exit code %d\n%s", test.want, code, out)
		}
	}
}

// TestReachAddress: what is left to do without TLS depends on the address.
func TestReachAddress(t *testing.T) {
	for address, want := range map[string]string{
		"10.8.0.2": "sudo raptoreum_exporter setup --listen 10.8.0.2:10227\n", "vps.example.org": "setup --listen ADDRESS:10227\n", "127.0.0.1:10302": "Is the ssh tunnel up?",
	} {
		w := newWatcher(t, "0.25.0")
		out, code, err := w.watch(func(c *setup.Config) {
			withToken(t, "a="+address)(c)
			c.Watch.Reach = "address"
			c.System.Scrape = func(context.Context, string, *x509.CertPool, string) (string, error) {
				return "", os.ErrDeadlineExceeded
			}
		})
		w.has(out, "cannot be scraped: i/o timeout. Does its firewall let this machine connect?", want)
		if err != nil || code != 1 {
			t.Error(code, err)
		}
	}
}

// TestNextCommandReach: setup prints the command for the machine that watches also when it listens elsewhere.
func TestNextCommandReach(t *testing.T) {
	m := newMachine(t)
	m.one(daemon(t, nil))
	m.pages = func(string) (string, error) { return "raptoreum_exporter_build_info 1\n", nil }
	m.has(m.must(func(c *setup.Config) { c.Node.Name, c.Node.Listen = "paris", "10.8.0.2:10227" }), "setup watch --reach=address --node paris="+hash+"@10.8.0.2:10227\n")
	m.pages = func(string) (string, error) {
		return "Client sent an HTTP request to an HTTPS server.\n", errors.New("HTTP status 400 Bad Request")
	}
	for _, name := range []string{"tls.key", "tls.crt", "web.yml"} {
		m.write("/root/paris/"+name, "x\n")
	}
	out := m.must(func(c *setup.Config) { c.Node.Web, c.Node.Listen = m.path("/root/paris"), ":10227" })
	m.has(out, "answers at :10227 with TLS and a password:", "which has made the certificate", "\n  sudo raptoreum_exporter setup watch\n")
	if strings.Contains(out, "For Prometheus") || m.exists("/etc/raptoreum_exporter/scrape.yml") {
		t.Errorf("it has a scrape configuration without TLS:\n%s", out)
	}
}

// TestExpired: an expired certificate is replaced.
func TestExpired(t *testing.T) {
	for until, want := range map[time.Duration]bool{-time.Minute: false, time.Hour: true} {
		_, certificate, err := setup.Certify("127.0.0.1", time.Now().Add(until))
		if err != nil || setup.Certifies(certificate, "127.0.0.1") != want {
			t.Error(until, err)
		}
	}
}
