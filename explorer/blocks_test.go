package explorer

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"raptoreum_exporter/internal/poll"
)

func TestBlocks(t *testing.T) {
	good := newServer(t, says(200, `{"hash": "`+hashB+`", "height": 100}`))
	bad := newServer(t, says(503, ""))
	unused := newServer(t, says(200, "x"))
	clock := &clock{}
	client := newClient(t, clock.Now, good.URL, bad.URL, unused.URL)
	if diff := cmp.Diff(map[string]poll.Reading[Block]{}, client.Blocks()); diff != "" {
		t.Errorf("before the first request (-want +got):\n%s", diff)
	}
	read := clock.Now()
	client.BlockHash(t.Context(), good.host(), 100, poll.Wait)
	client.BlockHash(t.Context(), bad.host(), 100, poll.Wait)
	clock.add(2 * every) // due, but Blocks sends no request

	got := client.Blocks()
	failed := got[bad.host()].Err
	wantError(t, failed, bad.host(), "HTTP 503")
	want := map[string]poll.Reading[Block]{
		good.host(): {Value: Block{Height: 100, Hash: hashB}, At: read},
		bad.host():  {Err: failed, At: read},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateErrors()); diff != "" {
		t.Errorf("blocks differ (-want +got):\n%s", diff)
	}
	if hits := []int32{good.hits.Load(), bad.hits.Load(), unused.hits.Load()}; !cmp.Equal(hits, []int32{1, 1, 0}) {
		t.Errorf("%d requests", hits)
	}
}
