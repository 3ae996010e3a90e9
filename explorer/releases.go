package explorer

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/text"
)

// DefaultReleasesURL is where Raptoreum publishes its releases. ".../latest" is not usable: it can be
// a release for the test network.
const DefaultReleasesURL = "https://api.github.com/repos/Raptor3um/raptoreum/releases"

const (
	releasesLimit = 4 << 20        // bytes
	releasesFresh = 6 * time.Hour  // a younger one is not requested again
	releasesRetry = time.Hour      // after an error: 60 unauthenticated requests an hour is the limit
	releasesKept  = 24 * time.Hour // a release stays valid while the page is down
)

// ReleasesConfig configures Releases. Its zero value reads the project's own page.
type ReleasesConfig struct {
	URL       string            // empty is DefaultReleasesURL
	HTTP      http.RoundTripper // nil is a separate transport that respects HTTPS_PROXY
	Now       func() time.Time  // nil is time.Now
	UserAgent string            // empty is that of net/http
}

// Release is a published version of Raptoreum Core for the main network.
type Release struct {
	Version int    // as getnetworkinfo counts: 2.0.3.01 is 2000301
	Tag     string // such as 2.0.3.01-mainnet, clipped
}

// Releases reads the release page. Its methods may be called concurrently.
type Releases struct {
	url   string
	now   func() time.Time
	fetch *fetcher
	poll  *poll.Poll[poll.Reading[Release]]
	last  poll.Reading[Release] // the last success; used only by request, one call at a time
}

// NewReleases returns Releases, which sends no request once ctx is done. It returns an error for a URL
// that is not usable.
func NewReleases(ctx context.Context, c ReleasesConfig) (*Releases, error) {
	if c.URL == "" {
		c.URL = DefaultReleasesURL
	}
	if c.HTTP == nil {
		c.HTTP = newTransport()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	u, err := parseBase(c.URL)
	if err != nil {
		return nil, fmt.Errorf("release page %w", err)
	}
	r := &Releases{url: u.String(), now: c.Now, fetch: newFetcher(u.Host, c.HTTP, c.Now, c.UserAgent)}
	r.poll = poll.New(ctx, poll.Config[poll.Reading[Release]]{
		Ask: r.request, Every: releasesRetry, Timeout: requestTimeout, Now: c.Now,
	})
	return r, nil
}

// Latest returns the highest release for the main network, and false before the first reading.
// At is when it was read: the page is read again after 6 hours, and hourly while that fails; Err is
// set when there is no release younger than a day. With poll.Wait it returns after a request that is
// due, or when ctx is done.
func (r *Releases) Latest(ctx context.Context, mode poll.Mode) (poll.Reading[Release], bool) {
	reading, ok := r.poll.Get(ctx, mode)
	if reading.Err != nil {
		return poll.Reading[Release]{Err: reading.Err, At: reading.At}, ok
	}
	return reading.Value, ok
}

func (r *Releases) request(ctx context.Context) (poll.Reading[Release], error) {
	if poll.Recent(r.last.At, r.now(), releasesFresh) {
		return r.last, nil
	}
	release, err := read(ctx, r.fetch, request{url: r.url, bodyLimit: releasesLimit, share: hostLimit}, parseReleases)
	if err != nil {
		if poll.Recent(r.last.At, r.now(), releasesKept) {
			return r.last, nil
		}
		return poll.Reading[Release]{}, err
	}
	r.last = poll.Reading[Release]{Value: release, At: poll.Wall(r.now())}
	return r.last, nil
}

// parseReleases returns the highest version among the tags that say mainnet. The list is in
// order of publication, which is not that of the versions.
func parseReleases(body []byte) (Release, error) {
	var list []struct {
		Tag        string `json:"tag_name"`
		Draft      bool   `json:"draft"`
		Prerelease bool   `json:"prerelease"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return Release{}, fmt.Errorf("%s instead of a list of releases: %w", describe(body), err)
	}
	var latest Release
	for _, r := range list {
		version, ok := ParseVersion(r.Tag)
		if ok && !r.Draft && !r.Prerelease && strings.Contains(r.Tag, "mainnet") && version > latest.Version {
			latest = Release{Version: version, Tag: text.Clip(r.Tag, 64)}
		}
	}
	if latest.Version == 0 {
		return Release{}, fmt.Errorf("no release for the main network among %d", len(list))
	}
	return latest, nil
}

// ParseVersion reads a release tag of four numbers, with or without a suffix after "-", as the
// daemon counts versions: 2.0.3.01-mainnet is 2000301. It returns false for anything else.
func ParseVersion(tag string) (int, bool) {
	numbers, _, _ := strings.Cut(tag, "-")
	parts := strings.Split(numbers, ".")
	if len(parts) != 4 {
		return 0, false
	}
	version := 0
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || n > 99 { // a place has two digits
			return 0, false
		}
		version = version*100 + int(n)
	}
	return version, true
}
