package collector_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

const (
	paidCoins   = "raptoreum_smartnode_last_payment_coins"
	coinsPerDay = "raptoreum_smartnode_expected_coins_per_day"
)

// scrapeOnce gathers as a scrape does, without waiting for what is read in the background, and then waits
// until that is done.
func scrapeOnce(t *testing.T, set *collector.Set, n *simnet.Network) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	text := render(t, collector.Declared{Metrics: set.Metrics(), Families: set.Gather(ctx, poll.NoWait).Families})
	for deadline := time.Now().Add(5 * time.Second); n.Calls().OpenConnections > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the background reading does not end")
		}
	}
	return text
}

// TestPaymentInScrapes: the amount of the first payment is absent until its block is read, and present in the
// scrapes after that.
func TestPaymentInScrapes(t *testing.T) {
	n, sources := fakeSources(t, "paid-10-smartnodes")
	set := collector.New(collector.Config{Sources: sources, Enabled: collector.Names()})
	if text := scrapeOnce(t, set, n); strings.Contains(text, "\n"+paidCoins) || strings.Contains(text, "\n"+coinsPerDay) {
		t.Errorf("an amount before the block was read:\n%s", text)
	}
	for range 2 {
		text := scrapeOnce(t, set, n)
		for _, want := range []string{paidCoins + " 0.8\n", coinsPerDay + " 57.6\n"} {
			if !strings.Contains(text, "\n"+want) {
				t.Errorf("no %s", want)
			}
		}
	}
	if methods := n.Calls().Methods; methods["getblock"] != 1 || methods["getrawtransaction"] != 1 {
		t.Errorf("calls %v", methods)
	}
	n.Set(func(s *simnet.State) { s.Smartnode = simnet.SmartnodePoSeBanned })
	if text := scrapeOnce(t, set, n); !strings.Contains(text, "\n"+coinsPerDay+" 57.6\n") || strings.Contains(text, "\nraptoreum_smartnode_payment_queue_position") {
		t.Error("a banned smartnode does not show what it would earn")
	}
}

// TestPaymentUnreadable: the amount is absent, the collector does not fail, and the reason is logged.
func TestPaymentUnreadable(t *testing.T) {
	n, sources := fakeSources(t, "paid-10-smartnodes")
	n.Set(func(s *simnet.State) { s.Pruned = true })
	var logged bytes.Buffer
	set := collector.New(collector.Config{Sources: sources, Logger: log.NewLogfmtLogger(&logged), Enabled: collector.Names()})
	for range 4 {
		text := scrapeOnce(t, set, n)
		if strings.Contains(text, "\n"+paidCoins) || strings.Contains(text, "\n"+coinsPerDay) {
			t.Error("an amount of a block that was not read")
		}
		if !strings.Contains(text, "\n"+`raptoreum_scrape_collector_success{collector="payments"} 1`) {
			t.Error("the collector fails")
		}
	}
	if got := strings.Count(logged.String(), "pruned data"); got != 1 {
		t.Errorf("logged %d times, want once:\n%s", got, &logged)
	}
}

// TestPaymentOfExplorerFleet: without a daemon nothing is known about amounts.
func TestPaymentOfExplorerFleet(t *testing.T) {
	n, sources := fakeSources(t, "paid-10-smartnodes")
	n.Set(func(s *simnet.State) { s.BlockTime = time.Now().Unix() }) // only explorers with a recent block count
	file := filepath.Join(t.TempDir(), "fleet.yml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "nodes:\n- {protx: %s, name: own}\n", "d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a"), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	sources.Fleet, err = fleet.New(t.Context(), file, fleet.Sources{Network: daemon.Regtest, Explorers: sources.Explorers, Port: sources.Port, AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	text := "\n" + probe(t, sources)
	if !strings.Contains(text, "\nraptoreum_smartnode_last_paid_height 681") || strings.Contains(text, "\n"+paidCoins) || strings.Contains(text, "\n"+coinsPerDay) {
		t.Errorf("want the height of the last payment and no amount:\n%s", text)
	}
}
