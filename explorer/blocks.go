package explorer

import "raptoreum_exporter/internal/poll"

// Blocks returns the last reading of each explorer's block (see BlockHash), by explorer, without
// those that have none yet. It sends no request.
func (c *Client) Blocks() map[string]poll.Reading[Block] {
	blocks := map[string]poll.Reading[Block]{}
	for _, e := range c.endpoints {
		if reading, ok := e.block.Last(); ok {
			blocks[e.base.Host] = reading
		}
	}
	return blocks
}
