package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"raptoreum_exporter/internal/poll"
)

const (
	listEvery = time.Minute // minimum time between the starts of two readings
	// listPause is the minimum pause after a reading, as a multiple of its duration: the daemon holds its main
	// lock meanwhile, and must get most of its time for blocks.
	listPause = 5
	maxList   = 256 << 20 // bytes; an entry has 950
	// listTooOld is the age from which a list of an earlier tip is no longer used.
	listTooOld = 10 * time.Minute
)

// List is the smartnode list of the network, including banned smartnodes. It is immutable.
type List struct {
	Nodes  []Smartnode
	Tip    string        // best block hash when it was requested
	Height int64         // of that block
	Asked  time.Time     // when it was requested
	Took   time.Duration // to read it
}

// Current reports whether the list is still usable for a chain with this tip: it was requested at
// this tip or not long before. After a reindex the tip is lower.
func (l *List) Current(tip string, height int64, now time.Time) bool {
	return l.Tip == tip || height >= l.Height && poll.Recent(l.Asked, now, listTooOld)
}

// listCache is under Client.mu.
type listCache struct {
	last *List
	err  error
	next time.Time // when the next reading is due
	done chan struct{}
}

func (l *listCache) nodes() []Smartnode {
	if l.last == nil {
		return nil
	}
	return l.last.Nodes
}

// List returns the last smartnode list and the error of the last reading; nil and nil before the
// first one. It waits only if mode is poll.Wait. When the tip has moved and a minute has passed, or
// more if a reading takes long, the list is read again after the Session.
func (s *Session) List(ctx context.Context, mode poll.Mode) (*List, error) {
	c := s.client
	c.mu.Lock()
	s.listWanted = true
	c.mu.Unlock()
	if mode == poll.Wait {
		if _, err := s.Node(ctx); err != nil { // the list is the heavy call: it comes last
			return nil, err
		}
		if done := c.refreshList(ctx, s, mode); done != nil {
			select {
			case <-done:
			case <-ctx.Done():
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.list.last, c.list.err
}

// refreshList reads the list in the background when it is due. It returns a channel that is closed
// when the current reading is done; nil if there is none. The reading holds the slot of the main
// lock; if the slot is taken, the next Session tries again. With poll.Wait this one waits for it.
func (c *Client) refreshList(ctx context.Context, s *Session, mode poll.Mode) <-chan struct{} {
	if _, _, due := c.listDue(s); !due {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.list.done
	}
	if !c.main.try() && (mode != poll.Wait || !c.main.take(ctx)) {
		return nil
	}
	tip, height, due := c.listDue(s)
	if !due { // read for another Session in the meantime
		c.leave(c.main)
		return nil
	}
	done := make(chan struct{})
	c.mu.Lock()
	c.list.done = done
	c.mu.Unlock()
	began := c.config.Now()
	list := &List{Tip: tip, Height: height, Asked: poll.Wall(began)}
	go func() {
		took, err := c.send(c.main, batchList, func(ctx context.Context) error { return c.readList(ctx, list) })
		list.Took = took
		c.mu.Lock()
		if c.list.err = err; err == nil {
			c.list.last = list
		}
		c.list.done, c.list.next = nil, nextList(began, c.config.Now())
		c.mu.Unlock()
		close(done)
		if err != nil {
			c.leave(c.main)
			return
		}
		c.readPayments() // on the same connection
	}()
	return done
}

// listDue reports whether the list must be read, and for which tip: that of the Session, if it has
// one and the chain is not in its initial block download.
func (c *Client) listDue(s *Session) (tip string, height int64, due bool) {
	main, ok := s.mainlock.result()
	if !ok || !main.downloaded() {
		return "", 0, false
	}
	tip, height = *main.Chain.Value.BestBlockHash, *main.Chain.Value.Blocks
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh := c.list.last != nil && c.list.last.Tip == tip
	return tip, height, !fresh && c.list.done == nil && !c.config.Now().Before(c.list.next)
}

// nextList returns when the list may be read again after a reading that began and ended at these times.
func nextList(began, ended time.Time) time.Time {
	took := ended.Sub(began)
	return ended.Add(max(min(listPause*took, listTooOld), listEvery-took)) // it may have failed late
}

// readList decodes `protx list registered true` entry by entry as it arrives. Cost: the heaviest call
// here. It holds the main lock for the whole list, reads one transaction from disk per entry, and
// writes debug lines to the standard output of the daemon; it ends.
func (c *Client) readList(ctx context.Context, into *List) error {
	const body = `{"id":0,"method":"protx","params":["list","registered",true]}`
	return c.post(ctx, []byte(body), maxList, func(r io.Reader) error {
		if err := decodeList(r, func(p *ProTx) { into.Nodes = append(into.Nodes, p.smartnode()) }); err != nil {
			return fmt.Errorf("the smartnode list: %w", err)
		}
		return nil
	})
}

func decodeList(r io.Reader, entry func(*ProTx)) error {
	d := json.NewDecoder(r)
	if err := expect(d, json.Delim('{')); err != nil {
		return err
	}
	found := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if key != "result" {
			var e json.RawMessage
			if err := d.Decode(&e); err != nil {
				return err
			}
			if rpc := new(RPCError); key == "error" && json.Unmarshal(e, rpc) == nil && rpc.Code != 0 {
				return clipped(rpc)
			}
			continue
		}
		if found, err = true, decodeEntries(d, entry); err != nil {
			return err
		}
	}
	if err := expect(d, json.Delim('}')); err != nil {
		return err
	}
	if !found {
		return errors.New("no result")
	}
	return nil
}

func decodeEntries(d *json.Decoder, entry func(*ProTx)) error {
	if err := expect(d, json.Delim('[')); err != nil {
		return err
	}
	for n := 0; d.More(); n++ {
		var p ProTx
		if err := d.Decode(&p); err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
		if name := missing(reflect.ValueOf(p)); name != "" {
			return fmt.Errorf("entry %d lacks %q", n, name)
		}
		entry(&p)
	}
	return expect(d, json.Delim(']'))
}

func expect(d *json.Decoder, want json.Token) error {
	got, err := d.Token()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return nil
}
