package explorer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/text"
)

const (
	requestTimeout = 5 * time.Second // of one request, redirects and body included
	redirectLimit  = 3
	hostLimit      = 20 // requests to one host in a minute, redirects included
)

// request is one GET.
type request struct {
	url       string
	bodyLimit int64 // bytes
	share     int   // not sent when the host had so many requests in the last minute
}

// read sends one request and parses the answer. Its errors are one short line that starts with
// the host, whatever the host sent.
func read[T any](ctx context.Context, f *fetcher, r request, parse func([]byte) (T, error)) (T, error) {
	var value T
	body, err := f.get(ctx, r)
	if err == nil {
		value, err = parse(body)
	}
	if err != nil {
		var zero T
		return zero, &hostError{host: f.host, err: err}
	}
	return value, nil
}

// hostError clips the error that it wraps: that may quote a foreign header line or body.
type hostError struct {
	host string
	err  error
}

func (e *hostError) Error() string { return e.host + ": " + text.Clip(e.err.Error(), 250) }
func (e *hostError) Unwrap() error { return e.err }

// fetcher sends requests to one host.
type fetcher struct {
	host    string
	http    *http.Client // without a cookie jar
	agent   string
	timeout time.Duration
	budget  *budget
}

func newFetcher(host string, transport http.RoundTripper, now func() time.Time, agent string) *fetcher {
	f := &fetcher{host: host, agent: agent, timeout: requestTimeout, budget: &budget{now: now}}
	f.http = &http.Client{Transport: transport, CheckRedirect: f.checkRedirect}
	return f
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: requestTimeout}).DialContext,
		TLSHandshakeTimeout:    requestTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           4,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        10 * time.Second, // the next request is a minute away
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// get returns the body of an answer with status 200.
func (f *fetcher) get(ctx context.Context, r request) (body []byte, err error) {
	if !f.budget.take(r.share) {
		return nil, errSpent
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	defer func() {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no complete answer within %s: %w", f.timeout, context.DeadlineExceeded)
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, text/plain")
	if f.agent != "" {
		req.Header.Set("User-Agent", f.agent)
	}
	resp, err := f.http.Do(req)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) { // it repeats the URL, and the error already starts with the host
			err = failed.Err
		}
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		start, _ := io.ReadAll(io.LimitReader(resp.Body, 512)) // for the message only
		return nil, fmt.Errorf("HTTP %d with %s", resp.StatusCode, describe(start))
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, r.bodyLimit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > r.bodyLimit {
		return nil, fmt.Errorf("answer of more than %d bytes", r.bodyLimit)
	}
	return body, nil
}

// checkRedirect follows a redirect only on the same host, with the same port or the default one
// (http to https), and never from https to http: metrics and errors name the host of the configured
// URL.
func (f *fetcher) checkRedirect(req *http.Request, via []*http.Request) error {
	from, to := via[len(via)-1].URL, req.URL
	switch {
	case len(via) > redirectLimit:
		return fmt.Errorf("more than %d redirects", redirectLimit)
	case !strings.EqualFold(from.Hostname(), to.Hostname()),
		from.Port() != to.Port() && to.Port() != "",
		from.Scheme == "https" && to.Scheme != "https":
		return fmt.Errorf("redirects to %s://%s, which is not followed: give the URL that answers without a redirect", to.Scheme, to.Host)
	case !f.budget.take(hostLimit):
		return errSpent
	}
	return nil
}

// errSpent is the error of a request over the budget.
var errSpent = fmt.Errorf("%w: its requests of this minute are used up", poll.ErrNotRequested)

// budget counts the requests to one host.
type budget struct {
	now    func() time.Time
	minute time.Duration // 0 is a minute

	mu   sync.Mutex
	sent [hostLimit]time.Time // a ring
	next int
}

// take reports whether another request may be sent: fewer than share were sent in the last minute.
func (b *budget) take(share int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	last := b.sent[(b.next+hostLimit-share)%hostLimit] // share requests ago
	if !last.IsZero() && now.Sub(last) < cmp.Or(b.minute, time.Minute) {
		return false
	}
	b.sent[b.next] = now
	b.next = (b.next + 1) % hostLimit
	return true
}

// describe names in a few words the body that came instead of an answer.
func describe(body []byte) string {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return "empty body"
	case body[0] == '<':
		return "HTML page"
	}
	const limit = 100
	line := text.Clip(string(body[:min(len(body), limit+1)]), limit)
	return fmt.Sprintf("text %q", strings.Join(strings.Fields(line), " ")) // JSON comes indented
}
