package fleet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mr-tron/base58"

	"raptoreum_exporter/daemon"
)

// The keys that select the smartnodes of a set.
const (
	payoutAddress = "payout_address"
	ownerAddress  = "owner_address"
	votingAddress = "voting_address"
	operatorKey   = "operator_key"
)

const (
	maxName       = 63  // shorter than a hash, which has 64 hex digits
	maxLabels     = 20  // per entry
	maxLabelValue = 200 // bytes
	maxAddress    = 35  // characters: 25 bytes in base58

	asciiDigits  = "0123456789"
	asciiLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// The callers of the functions below put the name of the key before the error.

func parseHash(s string) (daemon.Hash, error) {
	if len(s) != hex.EncodedLen(len(daemon.Hash{})) {
		return daemon.Hash{}, fmt.Errorf("has %d characters; a proTxHash has 64 hex digits: copy all of it from smartnode status", len(s))
	}
	hash, err := daemon.ParseHash(s)
	if err != nil { // err contains a character of the file
		return daemon.Hash{}, errors.New("has a character that is not a hex digit; copy the proTxHash from smartnode status")
	}
	return hash, nil
}

// IsName reports whether s is allowed as the name of a smartnode.
func IsName(s string) bool { return checkName(s) == nil }

func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("is empty; fill it in or remove it")
	case len(name) > maxName:
		return fmt.Errorf("is too long; use at most %d characters", maxName)
	case strings.Trim(name, asciiLetters+asciiDigits+"._-") != "" || strings.ContainsAny(name[:1], "._-"):
		return errors.New("is not allowed; use letters, digits, dots, _ and -, and start with a letter or digit")
	}
	return nil
}

func checkLabel(name string) error {
	switch {
	case name == "" || strings.Trim(name, asciiLetters+asciiDigits+"_") != "" || strings.ContainsAny(name[:1], asciiDigits):
		return errors.New("is not a valid label name; use letters, digits and _, and start with a letter")
	case strings.HasPrefix(name, "__"):
		return errors.New("starts with __, which Prometheus reserves; remove the underscores")
	case slices.Contains([]string{"job", "instance", "node", "vantage", "alertname", "severity", "seen"}, name):
		return errors.New("is set by the exporter, by Prometheus or by an alert; choose another name")
	case slices.Contains([]string{
		"address", "batch", "chain", "collector", "direction", "event", "explorer", "message", "payout_address", "phase", "protocol",
		"protx", "spork", "stage", "state", "subversion", "user_agent", "valid", "version",
	}, name):
		return errors.New("is a label of our metrics, which Prometheus would rename; choose another name")
	}
	return nil
}

func checkLabelValue(value string) error {
	switch {
	case value == "":
		return errors.New("is empty; fill it in or remove the label")
	case len(value) > maxLabelValue:
		return fmt.Errorf("has %d bytes; use at most %d", len(value), maxLabelValue)
	case strings.ContainsFunc(value, func(r rune) bool { return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) }):
		return errors.New("is not a single line of text; remove line breaks and control characters")
	}
	return nil
}

// checkOperatorKey checks a public key in lower case.
func checkOperatorKey(key string) error {
	isHex := strings.Trim(key, asciiDigits+"abcdef") == ""
	switch {
	case isHex && len(key) == 64:
		return errors.New("this looks like a secret key, which has 64 hex digits; remove it from this file and use the public key, which protx info shows as pubKeyOperator")
	case !isHex || len(key) != 96:
		return errors.New("this is not a public key, which has 96 hex digits; copy pubKeyOperator from protx info")
	}
	return nil
}

// checkAddress accepts addresses of every network: the fleet file does not say which one it is for.
func checkAddress(address string) error {
	if len(address) > maxAddress { // base58 is slow for a long text
		return fmt.Errorf("an address has at most %d characters, but this has %d; copy it from protx info", maxAddress, len(address))
	}
	decoded, err := base58.Decode(address)
	if err != nil {
		return errors.New("this has a character that is not used in addresses, such as 0, O, I or l; copy it from protx info")
	}
	const checked = 1 + 20 // version byte and hash
	if len(decoded) != checked+4 {
		return errors.New("this is not an address: a character is missing or there is one too many; copy it from protx info")
	}
	once := sha256.Sum256(decoded[:checked])
	twice := sha256.Sum256(once[:])
	if !bytes.Equal(twice[:4], decoded[checked:]) {
		return errors.New("the checksum is wrong: a character is mistyped; copy it from protx info")
	}
	switch decoded[0] { // chainparams.cpp: key and script
	case 60, 16: // main
	case 123, 19: // test
	case 140: // devnet and regtest, scripts as on test
	default:
		return errors.New("this is the address of another coin; those of Raptoreum start with R or 7, on test networks with r, y, 8 or 9")
	}
	return nil
}
