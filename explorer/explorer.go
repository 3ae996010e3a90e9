// Package explorer asks public block explorers how far the chain is and what they know of a
// smartnode, and the project's release page which version is current.
//
// Explorers are asked in the owner's order. Heights and block hashes are read from each of them,
// so that a disagreement shows; a smartnode is read from the first that can answer. Every
// question goes out at most once a minute, whoever asks, and a host gets at most 20 requests a
// minute. What comes back is untrusted: HTTP 200 proves nothing, so every answer is checked.
package explorer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"raptoreum_exporter/internal/poll"
)

// ErrUnknownSmartnode means that an explorer answered and has no smartnode of that proTxHash.
var ErrUnknownSmartnode = errors.New("the explorer does not know this smartnode")

const (
	every     = time.Minute // between two identical questions
	bodyLimit = 1 << 20     // bytes; a block of 10,000 transactions fits

	// Of the requests that a host gets in a minute, smartnodes may use these: a fleet must not
	// starve the heights, which say whether the explorer is up.
	smartnodeShare = hostLimit - 8
)

// DefaultURLs returns the public explorers of a network as getblockchaininfo names it ("main",
// "test"), in the order in which to ask them; nil when none is known.
func DefaultURLs(network string) []string {
	switch network {
	case "main":
		return []string{
			"https://explorer.raptoreum.com/",
			"https://raptor.mopsus.com/",
			"https://explorer.louhintamestarit.fi/",
		}
	case "test":
		return []string{"https://testnet.raptoreum.com/"}
	}
	return nil
}

// Config is what a Client needs. Its zero value makes a Client that asks nobody.
type Config struct {
	URLs      []string          // base URLs, in the order in which to ask them; /api/... is added
	HTTP      http.RoundTripper // nil is a transport of its own that respects HTTPS_PROXY
	Now       func() time.Time  // nil is time.Now
	UserAgent string            // empty is that of net/http
	Every     time.Duration     // what counts as a minute; 0 is a minute. For tests that run in scaled time
}

// Client asks explorers. Its methods may be called concurrently and never wait unless told to.
type Client struct {
	ctx       context.Context
	now       func() time.Time
	every     time.Duration
	endpoints []*endpoint
	count     *poll.Poll[int]

	mu         sync.Mutex
	smartnodes map[string]*watched // by proTxHash: as many as the owner has
	swept      time.Time
}

type endpoint struct {
	base   *url.URL
	fetch  *fetcher
	height *poll.Poll[int64]
	block  *poll.Poll[Block]
	wanted atomic.Int64 // the height that block asks for next
}

// New returns a Client for the explorers of c, which asks nothing more once ctx is done. It
// fails on a URL that is not usable, and on two URLs of one host.
func New(ctx context.Context, c Config) (*Client, error) {
	if c.HTTP == nil {
		c.HTTP = newTransport()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Every = cmp.Or(c.Every, every)
	client := &Client{ctx: ctx, now: c.Now, every: c.Every, smartnodes: map[string]*watched{}}
	seen := map[string]bool{}
	for _, raw := range c.URLs {
		base, err := parseBase(raw)
		if err != nil {
			return nil, fmt.Errorf("--explorer.url %w", err)
		}
		if seen[base.Host] {
			return nil, fmt.Errorf("--explorer.url %q: %s is given twice: metrics are labelled by host, keep one URL of it", base, base.Host)
		}
		seen[base.Host] = true
		client.endpoints = append(client.endpoints, newEndpoint(ctx, base, c))
	}
	client.count = poll.New(ctx, poll.Config[int]{
		Ask: client.askCount, Every: c.Every, Timeout: client.patience(), Now: c.Now,
	})
	return client, nil
}

func newEndpoint(ctx context.Context, base *url.URL, c Config) *endpoint {
	e := &endpoint{base: base, fetch: newFetcher(base.Host, c.HTTP, c.Now, c.UserAgent)}
	e.fetch.budget.minute = c.Every
	e.height = poll.New(ctx, poll.Config[int64]{
		Every: c.Every, Timeout: requestTimeout, Now: c.Now,
		Ask: func(ctx context.Context) (int64, error) {
			return ask(ctx, e.fetch, e.request("getblockcount", nil), parseHeight)
		},
	})
	e.block = poll.New(ctx, poll.Config[Block]{
		Every: c.Every, Timeout: requestTimeout, Now: c.Now,
		Ask: func(ctx context.Context) (Block, error) {
			height := e.wanted.Load()
			query := url.Values{"height": {strconv.FormatInt(height, 10)}}
			return ask(ctx, e.fetch, e.request("getblock", query), func(body []byte) (Block, error) {
				return parseBlock(body, height)
			})
		},
	})
	return e
}

// patience is how long it takes at most until the last explorer has not answered.
func (c *Client) patience() time.Duration {
	return requestTimeout * time.Duration(max(1, len(c.endpoints)))
}

// parseBase checks a base URL. Its host becomes a metric label: lower case ASCII.
func parseBase(raw string) (*url.URL, error) {
	if strings.Contains(raw, "@") { // a password may stand before it, and url.Parse quotes parts
		return nil, errors.New(`(not shown, it contains "@"): leave out user and password, write any other @ as %40`)
	}
	u, err := url.Parse(raw)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) { // it repeats the URL
			err = parse.Err
		}
		return nil, fmt.Errorf("%q: %w: give a URL such as https://explorer.raptoreum.com/", raw, err)
	}
	wrong := ""
	u.Host = strings.ToLower(strings.TrimSuffix(u.Host, ":"))
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		wrong = "start it with https:// or http://"
	case u.Hostname() == "":
		wrong = "it names no host"
	case strings.Trim(u.Host, "abcdefghijklmnopqrstuvwxyz0123456789.-_:[]") != "":
		wrong = "write the host name in ASCII (punycode)"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		wrong = "leave out what follows ? or #: give the base URL only"
	}
	if wrong != "" {
		return nil, fmt.Errorf("%q: %s", u, wrong)
	}
	return u, nil
}

func (e *endpoint) request(name string, query url.Values) request {
	u := e.base.JoinPath("api", name)
	u.RawQuery = query.Encode()
	return request{url: u.String(), bodyLimit: bodyLimit, share: hostLimit}
}

// HeightReading is the height of the best block that one explorer knows, or the error that came
// in its place.
type HeightReading struct {
	Explorer string // its host name, with :port when the URL has one
	OK       bool   // false before the first reading
	poll.Reading[int64]
}

// Heights returns the last reading of each explorer, in order (api/getblockcount). With poll.Wait it
// returns once those that are due have answered, or ctx is done.
func (c *Client) Heights(ctx context.Context, mode poll.Mode) []HeightReading {
	for _, e := range c.endpoints {
		e.height.Get(ctx, poll.NoWait) // all at the same time, before the wait for the first
	}
	readings := make([]HeightReading, len(c.endpoints))
	for i, e := range c.endpoints {
		reading, ok := e.height.Get(ctx, mode)
		readings[i] = HeightReading{Explorer: e.base.Host, OK: ok, Reading: reading}
	}
	return readings
}

// Block is a block as an explorer names it.
type Block struct {
	Height int64
	Hash   string // 64 lower case hex digits
}

// BlockHash returns the last block that an explorer (as HeightReading.Explorer names it) was
// asked for (api/getblock), and false before the first reading. That may be an earlier one than
// height: compare with one's own block at Value.Height. With poll.Wait it returns once a due question
// is answered, or ctx is done.
//
// Ask only for blocks that the explorer has: it remembers for an hour that it lacks one.
func (c *Client) BlockHash(ctx context.Context, explorer string, height int64, mode poll.Mode) (poll.Reading[Block], bool) {
	for _, e := range c.endpoints {
		if e.base.Host == explorer && height >= 0 {
			e.wanted.Store(height)
			return e.block.Get(ctx, mode)
		}
	}
	return poll.Reading[Block]{}, false
}
