package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"raptoreum_exporter/internal/text"
)

const (
	maxReply       = 16 << 20         // bytes; 125 peers make 170 kB
	maxOutstanding = 15 * time.Minute // then a request without an answer is canceled
	idleConnection = 25 * time.Second // within a scrape; the daemon closes idle ones after 30 s
	dialTimeout    = 5 * time.Second
)

// Credentials are those of the RPC server: rpcuser and rpcpassword, or the two halves of the cookie.
type Credentials struct {
	User     string
	Password Secret
}

// Config describes one daemon and what is known about its smartnode.
type Config struct {
	URL         string                      // of the RPC port, http://127.0.0.1:10225
	CurrentURL  func() string               // called when there is no connection: raptoreum.conf may have another port by now; nil: URL is not from there
	Credentials func() (Credentials, error) // called at the first request and after a 401
	ProTxHash   *Hash                       // the smartnode to watch; nil: discover it
	Address     string                      // externalip:port of the conf; empty: unknown
	Network     Network                     // of the conf; empty: unknown until the daemon reports it
	DebugLog    string                      // path of debug.log, which shows that a slow daemon is at work; empty: unknown
	Now         func() time.Time            // nil is time.Now
	Dial        func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client queries one daemon. Its methods may be called concurrently.
type Client struct {
	ctx    context.Context // of the program
	config Config
	url    atomic.Pointer[string]
	http   *http.Client

	lockfree, main slot // one outstanding request each
	dkg            dkgGuard

	credential sync.Mutex // separate: reading a file may be slow
	cached     *Credentials

	mu       sync.Mutex
	kept     kept
	flight   *mainlockFlight // the mainlock request under way; nil: none
	sent     chan struct{}   // closed when the next one is sent
	users    int             // scrapes that hold a Session
	session  *Session        // that overlapping scrapes share
	started  time.Time       // of the daemon, as last reported
	identity identity
	list     listCache
	payments paymentCache
}

// ErrURLHasPassword means that the URL of the RPC server contains a user or a password.
var ErrURLHasPassword = errors.New("the address contains a user or a password, which would appear in logs")

// NewClient returns a Client that has not connected yet. Outstanding requests end with ctx. An
// error is about the URL.
func NewClient(ctx context.Context, config Config) (*Client, error) {
	if err := checkURL(config.URL); err != nil {
		return nil, err
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Dial == nil {
		// Each request has a deadline and each connection ends with the scrape, so keepalive would only cost system calls.
		config.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: -1}).DialContext
	}
	c := &Client{
		ctx:      ctx,
		config:   config,
		lockfree: newSlot(),
		main:     newSlot(),
		sent:     make(chan struct{}),
		payments: paymentCache{},
		identity: identity{
			given: config.ProTxHash != nil, hash: config.ProTxHash,
			address: config.Address, network: config.Network,
		},
		http: &http.Client{
			Transport: &http.Transport{
				DialContext:        config.Dial,
				IdleConnTimeout:    idleConnection,
				MaxIdleConns:       4,
				DisableCompression: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.url.Store(&config.URL)
	return c, nil
}

// Loopback reports whether the daemon is on this machine, as far as its address says.
func (c *Client) Loopback() bool {
	u, err := url.Parse(*c.url.Load())
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// follow takes over the URL that raptoreum.conf has by now.
func (c *Client) follow() {
	if c.config.CurrentURL == nil {
		return
	}
	if now := c.config.CurrentURL(); now != "" && checkURL(now) == nil {
		c.url.Store(&now)
	}
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case strings.Contains(s, "@"):
		return ErrURLHasPassword
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%q is not an address like http://127.0.0.1:10225", text.Clip(s, 100))
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("%s is not a port: give an address like http://127.0.0.1:10225", port)
		}
	}
	return nil
}

// post sends one body and passes the reply to read. On a 401 it reads the credentials again; if
// they have changed (the daemon writes a new cookie at each start) it sends the request once more.
func (c *Client) post(ctx context.Context, body []byte, limit int64, read func(io.Reader) error) error {
	used, _ := c.credentials(nil) // without credentials the answer still shows whether it is up
	err := c.postAs(ctx, used, body, limit, read)
	switch stateOf(err) {
	case Unauthorized:
	case Unreachable:
		c.follow()
		return err
	default:
		return err
	}
	fresh, unreadable := c.credentials(&used)
	switch {
	case unreadable != nil:
		return &Error{Unauthorized, unreadable}
	case fresh != used:
		return c.postAs(ctx, fresh, body, limit, read)
	}
	return err
}

// credentials returns the cached ones, or reads them when there are none or they were refused.
func (c *Client) credentials(refused *Credentials) (Credentials, error) {
	c.credential.Lock()
	defer c.credential.Unlock()
	if c.cached != nil && (refused == nil || *c.cached != *refused) {
		return *c.cached, nil
	}
	fresh, err := c.config.Credentials()
	if err != nil {
		return Credentials{}, err
	}
	c.cached = &fresh
	return fresh, nil
}

func (c *Client) postAs(ctx context.Context, as Credentials, body []byte, limit int64, read func(io.Reader) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, *c.url.Load(), bytes.NewReader(body))
	if err != nil {
		return &Error{Failed, err}
	}
	request.Header["Idempotency-Key"] = nil // not sent; allows net/http to retry a request on a closed connection
	if as != (Credentials{}) {
		request.SetBasicAuth(as.User, as.Password.reveal())
	}
	response, err := c.http.Do(request)
	if err != nil {
		return transportError(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return statusError(response)
	}
	limited := &io.LimitedReader{R: response.Body, N: limit + 1}
	if err = read(limited); err == nil {
		_, err = io.Copy(io.Discard, limited) // up to the end, or net/http cannot reuse the connection
	}
	switch {
	case limited.N == 0:
		return &Error{Failed, fmt.Errorf("the reply has more than %d bytes", limit)}
	case err != nil && ctx.Err() != nil:
		return transportError(ctx.Err())
	case err != nil:
		if _, ok := errors.AsType[*Error](err); ok {
			return err
		}
		return &Error{Failed, errors.New(text.Clip(err.Error(), 200))}
	}
	return nil
}

// traced marks the request as connected once it has a connection.
func traced(ctx context.Context, r *outstanding) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { r.connected.Store(true) },
	})
}

// closeIdle closes idle connections unless a scrape is running. raptoreumd waits for every open
// connection when it stops: 0.4 s without one, up to rpcservertimeout (30 s) with an idle one. A
// connection that is still in use is closed once it becomes idle, because net/http remembers the
// wish until the next request.
func (c *Client) closeIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users == 0 {
		c.http.CloseIdleConnections()
	}
}
