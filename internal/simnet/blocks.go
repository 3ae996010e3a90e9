package simnet

import "fmt"

func (v view) blockHash(c call) (any, *rpcError) {
	height, ok := c.number(0)
	if !ok || height < 0 || height > v.Height {
		return nil, &rpcError{codeInvalidParam, "Block height out of range"}
	}
	return v.chain.hash(height), nil
}

// blockHeader answers for every block up to the tip; the times of older ones are what the
// spacing of mainnet makes them.
func (v view) blockHeader(c call) (any, *rpcError) {
	hash := c.text(0)
	height, ok := v.chain.height(hash)
	if !ok || height < 0 || height > v.Height {
		return nil, &rpcError{-5, "Block not found"}
	}
	return v.header(height), nil
}

func (v view) header(height int) object {
	fields := object{
		"version": 536870912, "versionHex": "20000000", "nonce": 1, "bits": "207fffff",
		"difficulty": 4.656542373906925e-10, "nTx": 1,
	}
	captured := v.replies[`getblockheader ["`+v.chain.hash(v.base.Height)+`"]`]
	if captured.err == nil && captured.result != nil {
		fields = decode(captured.result).(object)
	}
	time := v.BlockTime - int64(v.Height-height)*blockSpacing
	if height != v.base.Height {
		fields["merkleroot"] = madeHash("merkle root", height)
		fields["chainwork"] = fmt.Sprintf("%064x", 2*(height+1))
	}
	if height != v.base.Height || v.Height != v.base.Height || v.BlockTime != v.base.BlockTime {
		fields["time"], fields["mediantime"] = time, time-5*blockSpacing
	}
	if height != v.base.Height || v.ChainlockHeight != v.base.ChainlockHeight || v.ChainlockKnown != v.base.ChainlockKnown {
		fields["chainlock"] = v.ChainlockKnown && height <= v.ChainlockHeight
	}
	fields["hash"], fields["height"] = v.chain.hash(height), height
	fields["confirmations"] = v.Height - height + 1
	delete(fields, "previousblockhash")
	if height > 0 {
		fields["previousblockhash"] = v.chain.hash(height - 1)
	}
	if height < v.Height {
		fields["nextblockhash"] = v.chain.hash(height + 1)
	}
	return fields
}

func (v view) chainlock() (any, *rpcError) {
	if v.ChainlockHeight == v.base.ChainlockHeight && v.ChainlockKnown == v.base.ChainlockKnown {
		return v.asCaptured("getbestchainlock []")
	}
	if v.ChainlockHeight <= 0 {
		return nil, &rpcError{codeInternal, "Unable to find any chainlock"}
	}
	return object{
		"blockhash": v.chain.hash(v.ChainlockHeight), "height": v.ChainlockHeight,
		"signature":   madeKey("chainlock", v.ChainlockHeight) + madeKey("signature", v.ChainlockHeight),
		"known_block": v.ChainlockKnown,
	}, nil
}

// asCaptured is the reply as it was captured.
func (v view) asCaptured(key string) (any, *rpcError) {
	captured, ok := v.replies[key]
	switch {
	case !ok:
		return nil, &rpcError{codeNoMethod, "Method not found"}
	case captured.err != nil:
		return nil, captured.err
	}
	return decode(captured.result), nil
}

// madeKey is 48 bytes in hex, as a BLS public key has.
func madeKey(kind string, number int) string {
	return madeHash(kind, number) + madeHash(kind+" again", number)[:32]
}
