package fleet

import (
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
)

// BenchmarkProbe measures the share of the fleet in one /probe request.
func BenchmarkProbe(b *testing.B) {
	config, list := largeFleet(b, 2_000)
	f := &Fleet{sources: Sources{Daemon: new(daemon.Client)}, config: config, reserved: reservedBlocks()}
	f.view = &View{List: &daemon.List{Nodes: list, Asked: time.Now(), Tip: "a"}, Tip: "a", At: time.Now(), Network: daemon.Main, queue: daemon.PaymentPlaces(list)}
	target := f.Snapshot(b.Context(), poll.NoWait).Nodes[1000].Name
	b.ReportAllocs()
	for b.Loop() {
		s := f.Snapshot(b.Context(), poll.NoWait)
		n, ok := s.Find(target)
		if facts := f.Facts(b.Context(), s, n, poll.NoWait); !ok || facts.Smartnode == nil {
			b.Fatal(facts)
		}
		if f.Address(b.Context(), n) == "" {
			b.Fatal("no address")
		}
		_ = f.dialable("1.1.1.1:10226", s.Network)
	}
}

// BenchmarkAddresses measures the share of the fleet in one /sd request of 2,000 nodes.
func BenchmarkAddresses(b *testing.B) {
	config, list := largeFleet(b, 2_000)
	f := &Fleet{sources: Sources{Daemon: new(daemon.Client)}, config: config}
	f.view = &View{List: &daemon.List{Nodes: list}}
	b.ReportAllocs()
	for b.Loop() {
		s := f.Snapshot(b.Context(), poll.NoWait)
		for i := range s.Nodes {
			f.Address(b.Context(), &s.Nodes[i])
		}
	}
}

func BenchmarkDialable(b *testing.B) {
	f := &Fleet{reserved: reservedBlocks()}
	b.ReportAllocs()
	for b.Loop() {
		if err := f.dialable("1.1.1.1:10226", daemon.Main); err != nil {
			b.Fatal(err)
		}
	}
}
