package setup

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// scrapeFrom returns /metrics of an exporter. trust and password are nil and empty without TLS.
func scrapeFrom(ctx context.Context, address string, trust *x509.CertPool, password string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	if password != "" {
		request.SetBasicAuth(prometheusUser, password)
	}
	body, err := send(request, trust)
	if of, ok := errors.AsType[*url.Error](err); ok {
		err = of.Err // without the URL, which is known
	}
	return body, err
}

// reached reports whether Prometheus can scrape the exporters of other machines, and prints for each whether it can
// and, if not, what is left to do. A scrape of Prometheus itself would be known only a minute later.
func (c *command) reached(ctx context.Context, all []target) bool {
	errs := make([]error, len(all))
	var wait sync.WaitGroup
	for i, t := range all {
		if t.host != "" {
			wait.Go(func() { errs[i] = c.scrapeTarget(ctx, t) })
		}
	}
	wait.Wait()
	for i, t := range all {
		switch {
		case t.host == "":
		case errs[i] == nil:
			c.print("%s: the exporter at %s answers", t.name, t.host)
		default:
			c.print("%s: the exporter at %s cannot be scraped: %v\n%s", t.name, t.host, errs[i], strings.TrimSuffix(indent(c.reachSteps(t)), "\n"))
		}
	}
	return errors.Join(errs...) == nil
}

// scrapeTarget scrapes the exporter of a target as Prometheus does.
func (c *command) scrapeTarget(ctx context.Context, t target) error {
	if c.Watch.Reach != reachTLS {
		return isExporter(c.Scrape(ctx, "http://"+t.host+"/metrics", nil, ""))
	}
	certificate, err := readRegular(c.path(t.file("crt")), maxSecret)
	if err != nil {
		return err
	}
	password, err := readRegular(c.path(t.file("password")), maxSecret)
	if err != nil {
		return err
	}
	trust := x509.NewCertPool()
	if !trust.AppendCertsFromPEM(certificate) {
		return fmt.Errorf("%s is not a certificate", t.file("crt"))
	}
	return isExporter(c.Scrape(ctx, "https://"+t.host+"/metrics", trust, strings.TrimSpace(string(password))))
}

// isExporter returns an error about a scrape. That of a program which connects says what to do about it.
func isExporter(body string, err error) error {
	var timeout net.Error
	_, other := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case err == nil && strings.Contains(body, "raptoreum_exporter_build_info"):
		return nil
	case err == nil:
		return errors.New("another program listens there")
	case other:
		return fmt.Errorf("%w. Its certificate is not the one that was made here", err)
	case errors.Is(err, errUnauthorized):
		return fmt.Errorf("%w. Its password is not the one that was made here", err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%w. Does its firewall let this machine connect?", err)
	}
	return err
}

// reachSteps is what is left to do on the machine of a smartnode.
func (c *command) reachSteps(t target) string {
	host, port, _ := net.SplitHostPort(t.host) // hostPort made it
	ip := net.ParseIP(host)
	switch {
	case c.Watch.Reach == reachTLS:
		return fmt.Sprintf("On this machine, with a user of %[1]s who may use sudo:\n  sudo tar -C %[2]s/watch -c %[3]s | ssh %[1]s tar -x\n"+
			"  ssh -t %[1]s 'sudo raptoreum_exporter setup --web %[3]s && rm -r %[3]s'\n"+
			"The firewall there must let this machine connect to port %[4]s, and should let no other.\nThen run setup watch again.", host, etc, t.name, port)
	case ip == nil: // setup listens on no name
		return "On its machine, with its address in WireGuard:\n  sudo raptoreum_exporter setup --listen ADDRESS:" + port + "\nThen run setup watch again."
	case ip.IsLoopback():
		return "Is the ssh tunnel up? Then run setup watch again."
	}
	return "On its machine:\n  sudo raptoreum_exporter setup --listen " + t.host + "\nThen run setup watch again."
}
