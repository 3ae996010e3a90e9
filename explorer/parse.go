package explorer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"raptoreum_exporter/internal/text"
)

// parseHeight reads the answer of api/getblockcount: decimal digits.
func parseHeight(body []byte) (int64, error) {
	digits := string(bytes.TrimSpace(body))
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("%s instead of a number", describe(body))
	}
	height, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s is not a block height", describe(body))
	}
	return height, nil
}

// parseBlock reads the answer of api/getblock: the daemon's getblock. For a block that it lacks the
// explorer sends the daemon's error object with HTTP 200: it is -1, a complaint of getblock about the
// error of getblockhash.
func parseBlock(body []byte, height int64) (Block, error) {
	var reply struct {
		Hash   string `json:"hash"`
		Height *int64 `json:"height"`
	}
	if err := parseObject(body, &reply); err != nil {
		return Block{}, fmt.Errorf("%s instead of block %d: %w", describe(body), height, err)
	}
	hash, err := parseHash(reply.Hash)
	if err != nil {
		return Block{}, fmt.Errorf("%s instead of block %d", describe(body), height)
	}
	if reply.Height != nil && *reply.Height != height {
		return Block{}, fmt.Errorf("block %d instead of block %d", *reply.Height, height)
	}
	return Block{Height: height, Hash: hash}, nil
}

// parseBlockTime reads the time of a block from the answer of api/getblock.
func parseBlockTime(body []byte) (time.Time, error) {
	var reply struct {
		Time *int64 `json:"time"` // seconds
	}
	if err := parseObject(body, &reply); err != nil || reply.Time == nil {
		return time.Time{}, fmt.Errorf("%s instead of a block with its time", describe(body))
	}
	return time.Unix(*reply.Time, 0), nil
}

// parseSmartnode reads the answer of api/protx?command=info: the daemon's protx info.
func parseSmartnode(body []byte, proTxHash string) (Smartnode, error) {
	var reply struct {
		Code      any    `json:"code"` // of the daemon's error, or of the explorer's connection to it
		Message   any    `json:"message"`
		Error     any    `json:"error"` // a text, or an object around code and message
		ProTxHash string `json:"proTxHash"`
		Upgrade   *bool  `json:"needToUpgrade"`
		State     *struct {
			Service           string `json:"service"`
			Payout            string `json:"payoutAddress"`
			RegisteredHeight  *int32 `json:"registeredHeight"`
			LastPaidHeight    *int32 `json:"lastPaidHeight"`
			PoSePenalty       *int32 `json:"PoSePenalty"`
			PoSeBanHeight     *int32 `json:"PoSeBanHeight"`
			PoSeRevivedHeight *int32 `json:"PoSeRevivedHeight"`
		} `json:"state"`
	}
	if err := parseObject(body, &reply); err != nil {
		return Smartnode{}, fmt.Errorf("%s instead of a smartnode: %w", describe(body), err)
	}
	state := reply.State
	if state == nil {
		nested, _ := reply.Error.(map[string]any)
		if isNotFound(reply.Code, reply.Message) || isNotFound(nested["code"], nested["message"]) {
			return Smartnode{}, fmt.Errorf("%w: %s", ErrUnknownSmartnode, describe(body))
		}
		return Smartnode{}, fmt.Errorf("%s instead of a smartnode", describe(body))
	}
	if reply.ProTxHash != "" && !strings.EqualFold(reply.ProTxHash, proTxHash) {
		return Smartnode{}, fmt.Errorf("answer about another smartnode, %q", text.Clip(reply.ProTxHash, 64))
	}
	switch {
	case state.PoSePenalty == nil || *state.PoSePenalty < 0:
		return Smartnode{}, fmt.Errorf("smartnode without a valid PoSePenalty: %s", describe(body))
	case state.PoSeBanHeight == nil || *state.PoSeBanHeight < -1:
		return Smartnode{}, fmt.Errorf("smartnode without a valid PoSeBanHeight: %s", describe(body))
	case state.LastPaidHeight != nil && *state.LastPaidHeight < 0:
		return Smartnode{}, fmt.Errorf("smartnode with lastPaidHeight %d", *state.LastPaidHeight)
	}
	return Smartnode{
		Penalty:          int64(*state.PoSePenalty),
		BanHeight:        int64(*state.PoSeBanHeight),
		Service:          text.Clip(state.Service, 100),
		Payout:           text.Clip(state.Payout, 100),
		LastPaidHeight:   wide(state.LastPaidHeight),
		RegisteredHeight: wide(state.RegisteredHeight),
		RevivedHeight:    wide(state.PoSeRevivedHeight),
		NeedToUpgrade:    reply.Upgrade,
	}, nil
}

// isNotFound reports whether an error of the daemon is -8 "... not found" (rpcevo.cpp). Any other means
// that it did not search, such as -28 while it starts, or -8 "proTxHash must be ...".
func isNotFound(code, message any) bool {
	text, _ := message.(string)
	return code == float64(-8) && (text == "" || strings.HasSuffix(text, " not found"))
}

func wide(height *int32) *int64 {
	if height == nil {
		return nil
	}
	w := int64(*height)
	return &w
}

// parseCount reads the answer of api/smartnode?command=count: the daemon's smartnode count.
func parseCount(body []byte) (int, error) {
	var reply struct {
		Total *int32 `json:"total"`
	}
	if err := parseObject(body, &reply); err != nil || reply.Total == nil || *reply.Total < 0 {
		return 0, fmt.Errorf("%s instead of the number of smartnodes", describe(body))
	}
	return int(*reply.Total), nil
}

// parseObject rejects null, which encoding/json reads as an empty object.
func parseObject(body []byte, into any) error {
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return errors.New("not a JSON object")
	}
	return json.Unmarshal(body, into)
}

// parseHash checks a transaction or block hash and returns it in lower case.
func parseHash(hash string) (string, error) {
	if b, err := hex.DecodeString(hash); err != nil || len(b) != 32 {
		return "", fmt.Errorf("%q is not a hash of 64 hex digits", text.Clip(hash, 64))
	}
	return strings.ToLower(hash), nil
}
