package daemon_test

import (
	"testing"
	"time"

	"raptoreum_exporter/internal/poll"
)

// TestAnswersHaveWallTimes: the monotonic clock stops while the machine is suspended, so an answer of hours ago
// would be shown as one of seconds ago.
func TestAnswersHaveWallTimes(t *testing.T) {
	_, client := start(t, "healthy", nil)
	s := client.Session(nil)
	defer s.Release()
	list, err := s.List(t.Context(), poll.Wait)
	if err != nil || list == nil {
		t.Fatal(list, err)
	}
	lockfree, err1 := s.Lockfree(t.Context())
	main, err2 := s.Mainlock(t.Context())
	node, err3 := s.Node(t.Context())
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	for what, at := range map[string]time.Time{"lockfree": lockfree.At, "mainlock": main.At, "node": node.At, "list": list.Asked} {
		if at != at.Round(0) {
			t.Errorf("%s: %s", what, at)
		}
	}
}

// TestSetBackClock: a list from the future may be of any age.
func TestSetBackClock(t *testing.T) {
	now := time.Now()
	_, client := start(t, "healthy", nil)
	_, list := scrape(t, client, time.Second, poll.Wait)
	if !list.Current("another tip", list.Height+1, now.Add(time.Minute)) || list.Current("another tip", list.Height+1, now.Add(-24*time.Hour)) {
		t.Error("want current after a minute, not 24 hours earlier")
	}
}
