// Package explorer reads block heights and smartnodes from public block explorers, and the current
// version from the project's release page.
//
// Explorers are used in the owner's order. Heights and block hashes are read from each of them,
// which shows a disagreement; a smartnode is read from the first one that is near the tip and
// answers. Each request goes out at most once a minute, whatever the number of callers, and a host
// gets at most 20 requests a minute. Answers are untrusted: HTTP 200 proves nothing, so every
// answer is checked.
package explorer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"raptoreum_exporter/internal/poll"
)

// ErrUnknownSmartnode means that an explorer near the tip has no smartnode with that proTxHash.
var ErrUnknownSmartnode = errors.New("the explorer does not know this smartnode")

const (
	every     = time.Minute // between two identical requests
	bodyLimit = 1 << 20     // bytes; a block of 10,000 transactions fits

	heightTimeout = 2 * requestTimeout // of a height and the time of that block

	// A smartnode is requested only while the host had fewer requests than this in the last minute:
	// a fleet must not starve the heights, which show whether the explorer is up.
	smartnodeShare = hostLimit - 8
)

// DefaultURLs returns the public explorers of a network as getblockchaininfo names it ("main",
// "test"), in the order of preference; nil when none is known.
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

// Config configures a Client. Its zero value makes a Client without explorers.
type Config struct {
	URLs      []string          // base URLs, in the order of preference; /api/... is added
	HTTP      http.RoundTripper // nil is a separate transport that respects HTTPS_PROXY
	Now       func() time.Time  // nil is time.Now
	UserAgent string            // empty is that of net/http; explorers answer 500 without one
	Every     time.Duration     // length of a minute; 0 is a minute. For tests that run in scaled time
}

// Client reads from explorers. Its methods may be called concurrently and wait only with poll.Wait.
type Client struct {
	ctx       context.Context
	now       func() time.Time
	every     time.Duration
	endpoints []*endpoint
	count     *poll.Poll[int]
	heights   heights
	near      atomic.Int64 // explorers near the tip when a smartnode was last read

	mu         sync.Mutex
	smartnodes map[string]*watched // by proTxHash: as many as the owner has
	swept      time.Time
}

type endpoint struct {
	base   *url.URL
	fetch  *fetcher
	height *poll.Poll[int64]
	block  *poll.Poll[Block]
	wanted atomic.Int64 // the height that block requests next
	tip    atomic.Pointer[tip]
}

// New returns a Client for the explorers of c, which sends no request once ctx is done. It
// returns an error for a URL that is not usable, and for two URLs of one host.
func New(ctx context.Context, c Config) (*Client, error) {
	if c.HTTP == nil {
		c.HTTP = newTransport()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Every = cmp.Or(c.Every, every)
	client := &Client{
		ctx: ctx, now: c.Now, every: c.Every, smartnodes: map[string]*watched{},
		heights: heights{now: c.Now, every: c.Every, last: map[string]sighting{}},
	}
	seen := map[string]bool{}
	for _, raw := range c.URLs {
		base, err := parseBase(raw)
		if err != nil {
			return nil, err
		}
		if slices.Contains(strings.Split(strings.ToLower(base.Path), "/"), "api") { // an unknown path, /api/api, is never answered
			return nil, fmt.Errorf("%q: give the base URL, without /api and what follows it", base)
		}
		if seen[base.Host] {
			return nil, fmt.Errorf("%q: %s is given twice: metrics are labeled by host, keep one URL of it", base, base.Host)
		}
		seen[base.Host] = true
		client.endpoints = append(client.endpoints, client.newEndpoint(ctx, base, c))
	}
	client.near.Store(int64(len(client.endpoints)))
	client.count = poll.New(ctx, poll.Config[int]{
		Ask: client.requestCount, Every: c.Every, Timeout: client.timeout(), Now: c.Now,
	})
	return client, nil
}

func (c *Client) newEndpoint(ctx context.Context, base *url.URL, config Config) *endpoint {
	e := &endpoint{base: base, fetch: newFetcher(base.Host, config.HTTP, c.now, config.UserAgent)}
	e.fetch.budget.minute = c.every
	e.height = poll.New(ctx, poll.Config[int64]{
		Every: c.every, Timeout: heightTimeout, Now: c.now,
		Ask: func(ctx context.Context) (int64, error) { return c.requestHeight(ctx, e) },
	})
	e.block = poll.New(ctx, poll.Config[Block]{
		Every: c.every, Timeout: requestTimeout, Now: c.now,
		Ask: func(ctx context.Context) (Block, error) {
			height := e.wanted.Load()
			query := url.Values{"height": {strconv.FormatInt(height, 10)}}
			return read(ctx, e.fetch, e.request("getblock", query), func(body []byte) (Block, error) {
				return parseBlock(body, height)
			})
		},
	})
	return e
}

// timeout is the longest time that all explorers take: the heights, at the same time, then each in turn.
func (c *Client) timeout() time.Duration {
	return heightTimeout + requestTimeout*time.Duration(max(1, len(c.endpoints)))
}

// parseBase checks a base URL. Its host becomes a metric label: lower case ASCII.
func parseBase(raw string) (*url.URL, error) {
	if strings.Contains(raw, "@") { // a password may stand before it, and url.Parse quotes parts
		return nil, errors.New(`URL not shown because it contains "@": leave out user and password, write any other @ as %40`)
	}
	u, err := url.Parse(raw)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) { // it repeats the URL
			err = parse.Err
		}
		return nil, fmt.Errorf("%q: %w: give a URL such as https://explorer.raptoreum.com/", raw, err)
	}
	problem := ""
	u.Host = strings.ToLower(strings.TrimSuffix(u.Host, ":"))
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		problem = "start it with https:// or http://"
	case u.Hostname() == "":
		problem = "it has no host name"
	case strings.Trim(u.Host, "abcdefghijklmnopqrstuvwxyz0123456789.-_:[]") != "":
		problem = "write the host name in ASCII (punycode)"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		problem = "leave out what follows ? or #: give the base URL only"
	}
	if problem != "" {
		return nil, fmt.Errorf("%q: %s", u, problem)
	}
	return u, nil
}

func (e *endpoint) request(name string, query url.Values) request {
	u := e.base.JoinPath("api", name)
	u.RawQuery = query.Encode()
	return request{url: u.String(), bodyLimit: bodyLimit, share: hostLimit}
}

// HeightReading is the height of the best block of one explorer, or the error in its place.
type HeightReading struct {
	Explorer string // its host name, with :port when the URL has one
	OK       bool   // false before the first reading
	poll.Reading[int64]
}

// Heights returns the last reading of each explorer, in order (api/getblockcount). With poll.Wait it
// returns after the requests that are due, or when ctx is done.
func (c *Client) Heights(ctx context.Context, mode poll.Mode) []HeightReading {
	for _, e := range c.endpoints {
		e.height.Get(ctx, poll.NoWait) // all at the same time, before waiting for the first
	}
	readings := make([]HeightReading, len(c.endpoints))
	for i, e := range c.endpoints {
		reading, ok := e.height.Get(ctx, mode)
		readings[i] = HeightReading{Explorer: e.base.Host, OK: ok, Reading: reading}
	}
	return readings
}

// Block is a block as an explorer reports it.
type Block struct {
	Height int64
	Hash   string // 64 lower case hex digits
}

// BlockHash returns the last block that was requested from an explorer (named as in
// HeightReading.Explorer), and false before the first reading (api/getblock). It may be an earlier
// block than height: compare it with the own block at Value.Height. With poll.Wait it returns after a
// request that is due, or when ctx is done.
//
// Request only blocks that the explorer has: it caches the error about a missing one for an hour.
func (c *Client) BlockHash(ctx context.Context, explorer string, height int64, mode poll.Mode) (poll.Reading[Block], bool) {
	for _, e := range c.endpoints {
		if e.base.Host == explorer && height >= 0 {
			e.wanted.Store(height)
			return e.block.Get(ctx, mode)
		}
	}
	return poll.Reading[Block]{}, false
}
