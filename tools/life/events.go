package life

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

const (
	hour  = 60 // minutes
	day   = 24 * hour
	month = 30 * day
)

// kind is a kind of event: how often it happens and how long it lasts. Durations are log-normal: half are shorter
// than the median, one in 40 is longer than 7 times the median.
type kind struct {
	name             string
	perMonth         float64 // of one node, or of one fleet
	median, min, max int     // minutes; a max of 0 is no limit
	family           string  // two events of one family do not overlap
}

// nodeKinds are the events of one node.
func nodeKinds() []kind {
	return []kind{
		// Quiet: nothing that the owner needs to know.
		{"restart", 1, 3, 1, 5, "daemon"}, // it stops, is gone for the last minute or all the time, then it warms up for 2 to 12 minutes
		{"reindex", 0.15, 4 * hour, hour, 12 * hour, "daemon"},
		{"crash", 0.5, 1, 1, 1, "daemon"}, // the supervisor restarts it
		{"reboot", 0.3, 3, 2, 4, "daemon"},
		{"exporter restart", 0.5, 1, 1, 1, "exporter"},
		{"missed scrapes", 0.3, 3 * hour, hour, 0, "exporter"}, // one in five
		// The daemon.
		{"dead", 0.25, 90, 5, 2 * day, "daemon"},
		{"hung", 0.25, 60, 4, day, "daemon"},
		{"slow", 0.4, hour, 5, 4 * hour, "daemon"},
		{"busy", 0.1, 40, 5, 4 * hour, "daemon"},
		{"refused", 0.1, 3 * hour, 5, day, "daemon"},
		{"crash loop", 0.1, 100, 40, 6 * hour, "daemon"},
		{"stuck warm-up", 0.1, 100, 35, 6 * hour, "daemon"},
		{"out of memory", 0.15, 1, 1, 1, "daemon"},
		// The machine and the exporter.
		{"machine down", 0.2, hour, 5, day, "daemon"},
		{"exporter down", 0.2, 90, 5, day, "exporter"},
		{"memory low", 0.15, 2 * hour, 15, 12 * hour, "memory"},
		{"cpu starved", 0.2, 2 * hour, 15, 12 * hour, "cpu"},
		{"disk low", 0.08, day, 2 * hour, 3 * day, "disk"},
		// The chain and the network.
		{"stuck", 0.2, 90, 10, day, "chain"},
		{"fork", 0.1, 4 * hour, 30, 2 * day, "chain"},
		{"isolated", 0.15, hour, 5, 12 * hour, "chain"},
		{"port closed", 0.25, 3 * hour, 10, 2 * day, "port"},
		{"port partly closed", 0.1, 3 * hour, 10, 2 * day, "port"},
		// The smartnode.
		{"miss", 0.3, 1, 1, 1, "miss"}, // at random; each outage may cause others
		{"unregistered", 0.04, 12 * hour, hour, 2 * day, "smartnode"},
		{"wrong address", 0.06, 3 * hour, 15, day, "smartnode"},
		{"no key", 0.06, 2 * hour, 15, day, "smartnode"},
	}
}

// fleetKinds are the events of the network, of the explorers and of the owner's Prometheus.
func fleetKinds(lies bool) []kind {
	kinds := []kind{
		{"block gap", 0.5, 40, 25, 60, "blocks"},
		{"storm", 0.15, 6 * hour, hour, day, "storm"},
		{"release", 0.5, 4 * day, day, 10 * day, "release"}, // until the owner has updated
		{"provider", 0.12, 45, 10, 6 * hour, "provider"},
		{"explorer 0 down", 0.6, 2 * hour, 5, day, "explorer 0"},
		{"explorer 1 down", 0.6, 2 * hour, 5, day, "explorer 1"},
		{"explorer 0 lags", 0.6, 3 * hour, 20, day, "explorer 0"},
		{"explorer 1 flaps", 0.6, 3 * hour, 20, day, "explorer 1"},
		{"explorer 0 lies", 0.2, 2 * hour, 10, 12 * hour, "explorer 0"},
		{"explorers down", 0.3, hour, 5, 12 * hour, "explorers"},
		{"prometheus restart", 0.5, 3, 2, 6, "prometheus"},
		{"prometheus without history", 0.15, 3, 2, 6, "prometheus"},
		{"watcher down", 0.3, 2 * hour, 5, day, "watcher"},
	}
	if lies {
		kinds = append(kinds, kind{"explorer 0 lies about a ban", 0.3, 2 * hour, 10, 12 * hour, "explorer 0"})
	}
	return kinds
}

// event is one event, from a minute to the one at which it is over.
type event struct {
	kind
	begin, end int
	variant    float64 // in [0, 1), for what differs between events of one kind
}

// timeline draws the events of a life.
func timeline(random *rand.Rand, kinds []kind, config Config) []event {
	rate := cmp.Or(config.Rate, 1)
	var all []event
	for _, k := range kinds {
		for at := 0.0; ; {
			at += random.ExpFloat64() * month / (rate * k.perMonth)
			if at >= float64(config.Minutes) {
				break
			}
			length := int(math.Round(float64(k.median) * math.Exp(random.NormFloat64())))
			length = max(length, k.min)
			if k.max > 0 {
				length = min(length, k.max)
			}
			all = append(all, event{k, int(at), int(at) + length, random.Float64()})
			at += float64(length)
		}
	}
	slices.SortFunc(all, func(a, b event) int { return a.begin - b.begin })
	return apart(all)
}

// apart drops events that overlap an earlier one of their family, or begin within half an hour after it.
func apart(all []event) []event {
	free := map[string]int{}
	return slices.DeleteFunc(all, func(e event) bool {
		if e.begin < free[e.family] {
			return true
		}
		free[e.family] = e.end + 30
		return false
	})
}

// active returns the events of a timeline that are going on, by name.
func active(all []event, minute int) map[string]*event {
	now := map[string]*event{}
	for i := range all {
		if e := &all[i]; e.begin <= minute && minute < e.end {
			now[e.name] = e
		}
	}
	return now
}
