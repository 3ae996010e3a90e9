package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"raptoreum_exporter/internal/text"
)

// The requests, as the label batch names them.
const (
	batchLockfree = "lockfree"
	batchMainlock = "mainlock"
	batchNode     = "node"
	batchDKG      = "dkgstatus"
	batchList     = "list"
	batchPayment  = "payment"
)

// Answer is the outcome of one call of a batch. If Err is nil, every field of Value that the daemon
// always sends is set; the others have omitempty in their tag.
type Answer[T any] struct {
	Value T
	Err   error
}

// call is one call of a batch; take receives its result or its error.
type call struct {
	method string
	params []any
	take   func(result json.RawMessage, err error)
}

// ask returns a call whose outcome goes to a.
func ask[T any](a *Answer[T], method string, params ...any) call {
	a.Err = errors.New("not answered")
	return call{method, params, func(result json.RawMessage, err error) {
		if err == nil {
			err = decode(result, &a.Value)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", strings.TrimSpace(fmt.Sprintln(append([]any{method}, words(params)...)...)), err)
		}
		a.Err = err
	}}
}

// words keeps the sub-command of "smartnode status" and drops hashes and numbers.
func words(params []any) []any {
	if len(params) > 0 {
		if word, ok := params[0].(string); ok && len(word) < 20 {
			return params[:1]
		}
	}
	return nil
}

// exchange sends calls in one round trip. Its error is that of the round trip; errors of single calls
// are in their Answers. When it returns an error, the Answers must not be read.
func (c *Client) exchange(ctx context.Context, calls []call) error {
	type element struct {
		ID     int    `json:"id"`
		Method string `json:"method"`
		Params []any  `json:"params"`
	}
	elements := make([]element, len(calls))
	for i, call := range calls {
		elements[i] = element{i, call.method, append([]any{}, call.params...)}
	}
	body, err := json.Marshal(elements)
	if err != nil {
		return &Error{Failed, err}
	}
	var replies []reply
	if err := c.post(ctx, body, maxReply, func(r io.Reader) error { return readBatch(r, &replies) }); err != nil {
		return err
	}
	return hand(replies, calls)
}

// reply is one element of the daemon's reply to a batch.
type reply struct {
	Result json.RawMessage `json:"result"`
	Error  *RPCError       `json:"error"`
	ID     *int            `json:"id"`
}

func readBatch(r io.Reader, into *[]reply) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		if single := new(reply); json.Unmarshal(body, single) == nil && single.Error != nil {
			return &Error{Failed, fmt.Errorf("batch refused: %w", clipped(single.Error))}
		}
		return fmt.Errorf("reply is not the JSON of a batch: %w", err)
	}
	return nil
}

func clipped(e *RPCError) *RPCError {
	return &RPCError{e.Code, text.Clip(e.Message, 200)}
}

// hand passes each call its reply, found by id. A warm-up error is the state of the whole daemon.
func hand(replies []reply, calls []call) error {
	found := make([]*reply, len(calls))
	for i, r := range replies {
		if r.Error != nil && r.Error.Code == codeWarmup {
			return &Error{WarmingUp, errors.New(text.Clip(r.Error.Message, 100))}
		}
		if r.ID != nil && *r.ID >= 0 && *r.ID < len(calls) {
			found[*r.ID] = &replies[i]
		}
	}
	for i, call := range calls {
		switch r := found[i]; {
		case r == nil:
			call.take(nil, errors.New("no answer in the batch"))
		case r.Error != nil:
			call.take(nil, clipped(r.Error))
		default:
			call.take(r.Result, nil)
		}
	}
	return nil
}

// decode reads one result and rejects one that lacks a field that the daemon always sends:
// a missing number must not become a zero.
func decode(result json.RawMessage, into any) error {
	if len(result) == 0 || bytes.Equal(result, []byte("null")) {
		return errors.New("no result")
	}
	if err := json.Unmarshal(result, into); err != nil {
		return errors.New(text.Clip(err.Error(), 200))
	}
	if name := missing(reflect.ValueOf(into).Elem()); name != "" {
		return fmt.Errorf("the reply lacks %q", name)
	}
	return nil
}

// missing returns the JSON name of the first nil pointer in v whose tag does not say omitempty.
func missing(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		return missing(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if name := missing(v.Index(i)); name != "" {
				return name
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if name := missing(v.MapIndex(key)); name != "" {
				return name
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			field := v.Field(i)
			if field.Kind() == reflect.Pointer && field.IsNil() {
				if options != "omitempty" {
					return name
				}
				continue
			}
			if deeper := missing(field); deeper != "" {
				return name + "." + deeper
			}
		}
	}
	return ""
}
