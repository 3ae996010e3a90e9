package browser

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

// screenshots is the folder of the pictures.
const screenshots = "screenshots"

// browser starts one headless browser for all tests.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no browser; install Debian's package chromium")
		}
		t.Skip("no browser; install Debian's package chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true),
	)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// measured is what a page says about itself.
type measured struct {
	Text      string   // visible
	Scroll    int      // width of its content
	Inner     int      // width of the window
	Wide      []string // elements that end right of the window
	Scripts   int
	Unlabeled int      // sections without a heading, or landmarks that are missing
	Unfocused int      // links and summaries that the keyboard does not reach
	Contrast  []string // elements whose text has a contrast below 4.5, the minimum of WCAG AA
}

const measure = `(() => {
  const luminance = c => {
    const [r, g, b] = c.match(/[\d.]+/g).map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 });
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const background = e => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (c !== 'rgba(0, 0, 0, 0)') return c;
    }
    return 'rgb(255, 255, 255)';
  };
  const visible = [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('thead'));
  const contrast = new Set();
  for (const e of visible) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [luminance(getComputedStyle(e).color), luminance(background(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) contrast.add(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2));
  }
  return {
    Text: document.body.innerText,
    Scroll: document.scrollingElement.scrollWidth, Inner: innerWidth,
    Wide: visible.filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + '.' + e.className),
    Scripts: document.scripts.length,
    Unlabeled: [...document.querySelectorAll('section')].filter(s => !document.getElementById(s.getAttribute('aria-labelledby'))).length
      + (document.querySelectorAll('header').length === 1 && document.querySelectorAll('main').length === 1 && document.querySelectorAll('h1').length === 1 ? 0 : 1),
    Unfocused: [...document.querySelectorAll('a, summary')].filter(e => e.tabIndex < 0).length,
    Contrast: [...contrast],
  };
})()`

// open opens a page in a window of this width and checks what holds for every page.
func open(t *testing.T, ctx context.Context, url, name string, width int, dark bool) measured {
	t.Helper()
	tab, cancel := chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(tab); err != nil { // before the timeout, which would else be that of the browser
		t.Fatal(err)
	}
	tab, cancel = context.WithTimeout(tab, time.Minute)
	defer cancel()
	scheme := map[bool]string{false: "light", true: "dark"}[dark]
	page := chromedp.Steps(
		chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
			if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
				return err
			}
			_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
				Width: int64(width), Height: 800, DeviceScaleFactor: 1, Mobile: width < 500,
			})
			return err
		}),
		chromedp.Navigate(url),
	)
	if err := chromedp.Do(tab, page); err != nil {
		t.Fatal(err)
	}
	m, err := chromedp.Run(tab, chromedp.Evaluate[measured](measure))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	name = fmt.Sprintf("%s-%d-%s", name, width, scheme)
	if err := os.MkdirAll(screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(screenshots, name+".png"), picture, 0o644); err != nil {
		t.Fatal(err)
	}
	if m.Scroll > m.Inner || m.Inner != width || len(m.Wide) > 0 {
		t.Errorf("%s: %d px of content in a window of %d: %q", name, m.Scroll, m.Inner, m.Wide)
	}
	if m.Scripts > 0 || m.Unlabeled > 0 || m.Unfocused > 0 {
		t.Errorf("%s: %d scripts, %d sections without a heading or landmarks missing, %d links that the keyboard does not reach", name, m.Scripts, m.Unlabeled, m.Unfocused)
	}
	if len(m.Contrast) > 0 {
		t.Errorf("%s: low contrast: %q", name, m.Contrast)
	}
	return m
}

// views opens a page in all widths and color schemes, and checks that these texts are visible.
func views(t *testing.T, ctx context.Context, url, name string, want ...string) {
	t.Helper()
	for _, width := range []int{360, 1280} {
		for _, dark := range []bool{false, true} {
			m := open(t, ctx, url, name, width, dark)
			for _, text := range want {
				if !strings.Contains(m.Text, text) {
					t.Errorf("%s, %d px: %q is not visible in\n%s", name, width, text, m.Text)
				}
			}
		}
	}
}

// node starts an exporter beside a node with a fresh tip, and waits until everything is known.
func node(t *testing.T, scenario string) *harness.Exporter {
	t.Helper()
	e := harness.Start(t, scenario, func(_ *simnet.Config, o *harness.Options) { o.Collectors = harness.Collectors("process", "datadir") })
	settle(e)
	e.Until("raptoreum_port_reachable", 5*time.Second)
	e.Until("raptoreum_explorer_smartnode_pose_banned"+e.Explorer(0), 5*time.Second)
	e.Scrape(5 * time.Second)
	return e
}

func settle(e *harness.Exporter) {
	e.Network.AddBlock() // the recorded tip is old
	e.Network.Set(func(s *simnet.State) { s.Started, s.PeersIn, s.PeersOut = time.Now().Add(-72*time.Hour), 6, 8 })
}

func TestHealthy(t *testing.T) {
	ctx := browser(t)
	e := node(t, "healthy")
	views(t, ctx, e.URL, "healthy", "✓ OK", "All 21 checks of this machine are ok.", "The page refreshes every 30 s", "No changes.", "registered; raptoreumd reports ready", "Runbooks")
	views(t, ctx, e.URL+"/runbooks/RaptoreumPortUnreachable", "runbook", "RaptoreumPortUnreachable", "Mitigation", "sudo ufw status")
	open(t, ctx, e.URL+"/runbooks/", "runbooks", 360, false)
	still := open(t, ctx, e.URL+"/?refresh=off", "healthy-still", 360, false)
	if !strings.Contains(still.Text, "The page does not refresh.") {
		t.Error(still.Text)
	}
}

// TestSlow: a slow daemon is a warning, and the page says not to restart it.
func TestSlow(t *testing.T) {
	ctx := browser(t)
	e := node(t, "healthy")
	e.Network.Set(func(s *simnet.State) { s.MainLockDelay = simnet.Duration(20 * time.Second) })
	e.Scrape(2 * time.Second)
	views(t, ctx, e.URL, "slow", "! WARNING", "is slow, not hung", "do not restart it", "Next step, on this machine:", "Runbook: RaptoreumDaemonSlow", "raptoreumd: slow, was ready")
}

func TestBanned(t *testing.T) {
	ctx := browser(t)
	e := node(t, "healthy")
	e.Network.Set(func(s *simnet.State) { s.Penalty = 66 })
	e.Scrape(2 * time.Second)
	e.Network.Set(func(s *simnet.State) {
		s.Smartnode, s.Penalty, s.BanHeight = simnet.SmartnodePoSeBanned, 100, s.Height
	})
	e.Scrape(2 * time.Second)
	views(t, ctx, e.URL, "banned", "✕ CRITICAL", "Problems on this machine: PoSe", "banned at block", "Next step, in the console of the wallet", "protx update_service", "Runbook: RaptoreumSmartnodePoSeBanned", "PoSe penalty: 66, was 0", "PoSe: banned, was not banned")
}

// name is the name of the k-th node.
func name(k int) string {
	places := []string{"amsterdam", "falkenstein", "helsinki", "lisbon", "london", "madrid", "montreal", "paris", "singapore", "warsaw"}
	return fmt.Sprintf("%s-%d", places[k/3], 1+k%3)
}

// rename changes names in the fleet file.
func rename(t *testing.T, file string, pairs ...string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.NewReplacer(pairs...).Replace(string(text))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestFleet: 30 nodes, some in trouble.
func TestFleet(t *testing.T) {
	ctx := browser(t)
	crowd := make([]simnet.Member, 30)
	for k := range crowd {
		crowd[k].Address = harness.Loopback(t, k)
	}
	crowd[3].Banned, crowd[3].Penalty = true, 100
	crowd[7].Port = simnet.PortClosed
	crowd[11].Port = simnet.PortSilent
	crowd[13].Penalty = 66
	crowd[17].Port = simnet.PortWrongProTx
	crowd[19].Penalty = 21
	crowd[23].Unpayable = true
	var names []string
	for k := range crowd {
		names = append(names, fmt.Sprintf("node-%d,", k), name(k)+",")
	}
	e := harness.StartFleet(t, crowd, func(o *harness.Options) {
		o.Collectors = harness.Collectors("process", "datadir")
		rename(t, o.Fleet.File, names...)
	})
	settle(e.Exporter)
	e.Until("raptoreum_port_reachable", 5*time.Second)
	var probes sync.WaitGroup
	for k := range crowd {
		if k != 29 { // which is not probed
			probes.Go(func() {
				response, err := http.Get(fmt.Sprintf("%s/probe?target=%s", e.URL, name(k)))
				if err == nil {
					response.Body.Close()
				}
			})
		}
	}
	probes.Wait()
	e.Exporter.Scrape(5 * time.Second)
	views(t, ctx, e.URL, "fleet", "✕ CRITICAL", "Fleet of 30: 6 critical, 1 unknown, 23 ok.", name(3), "pose banned", "unreachable (connect)", "critical: identity", "✓ ok", "? unknown")
	views(t, ctx, e.URL+"/node/"+name(3), "node", "✕ CRITICAL", "Problems on "+name(3)+": PoSe.", "All nodes", "Last probe in full")
	long := strings.Repeat("a-long-name-", 5) + "abc" // 63 characters, the max
	rename(t, e.File, name(11)+",", long+",")
	if status, body := e.Post("/-/reload"); status != http.StatusOK {
		t.Fatal(status, body)
	}
	time.Sleep(6 * time.Second) // a rendered page is shown for 5 s
	if m := open(t, ctx, e.URL, "fleet-long-name", 360, false); !strings.Contains(m.Text, long) {
		t.Errorf("the reloaded fleet is not visible:\n%s", m.Text)
	}
	for _, width := range []int{320, 768, 1024, 1152, 1160} {
		open(t, ctx, e.URL, "fleet-long-name", width, false)
	}
	if dials := e.Network.Dials(crowd[29].Address); dials > 0 {
		t.Errorf("the page dialled a node %d times", dials)
	}
}
