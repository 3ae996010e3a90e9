package daemon

import (
	"bufio"
	"cmp"
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

// call is one call of a batch.
type call struct {
	method string
	params []any
	result any             // pointer to a nil pointer: where the result is decoded to
	take   func(err error) // called after that; err is why there is no result
}

// ask returns a call whose outcome goes to a.
func ask[T any](a *Answer[T], method string, params ...any) call {
	a.Err = errors.New("not answered")
	var result *T
	return call{method, params, &result, func(err error) {
		if err == nil {
			err = complete(result)
		}
		if err != nil {
			a.Err = fmt.Errorf("%s: %w", strings.TrimSpace(fmt.Sprintln(append([]any{method}, words(params)...)...)), err)
			return
		}
		a.Value, a.Err = *result, nil
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
	return c.post(ctx, body, maxReply, func(r io.Reader) error { return readBatch(r, calls) })
}

// reply is one element of the daemon's reply to a batch.
type reply struct {
	Result any       `json:"result"`
	Error  *RPCError `json:"error"`
	ID     *int      `json:"id"`
}

// readBatch passes each call its reply. The daemon answers in the order of the calls (JSONRPCExecBatch), so
// each result is decoded as it arrives. A warm-up error is the state of the whole daemon.
func readBatch(r io.Reader, calls []call) error {
	b := bufio.NewReaderSize(r, 16) // only to see the first byte
	d := json.NewDecoder(b)
	if first, err := b.Peek(1); err == nil && first[0] == '{' {
		if single := new(reply); d.Decode(single) == nil && single.Error != nil {
			return &Error{Failed, fmt.Errorf("batch refused: %w", clipped(single.Error))}
		}
	}
	if err := expect(d, json.Delim('[')); err != nil {
		return notBatch(err)
	}
	var invalid error // of the last element
	for i := range calls {
		if !d.More() {
			calls[i].take(errors.New("no answer in the batch"))
			continue
		}
		one := reply{Result: calls[i].result}
		invalid = d.Decode(&one)
		switch {
		case one.Error != nil && one.Error.Code == codeWarmup:
			return &Error{WarmingUp, errors.New(text.Clip(one.Error.Message, 100))}
		case one.Error != nil:
			calls[i].take(clipped(one.Error))
		case invalid != nil: // if the rest cannot be read either, the end is missing below
			calls[i].take(errors.New(text.Clip(invalid.Error(), 200)))
		case one.ID == nil || *one.ID != i:
			calls[i].take(errors.New("no answer in the batch"))
		default:
			calls[i].take(nil)
		}
	}
	if err := expect(d, json.Delim(']')); err != nil {
		return notBatch(cmp.Or(invalid, err))
	}
	return nil
}

func notBatch(err error) error { return fmt.Errorf("reply is not the JSON of a batch: %w", err) }

func clipped(e *RPCError) *RPCError {
	return &RPCError{e.Code, text.Clip(e.Message, 200)}
}

// complete returns an error if there is no result, or if it lacks a field that the daemon always sends: a
// missing number must not become a zero.
func complete[T any](result *T) error {
	if result == nil {
		return errors.New("no result")
	}
	if name := missing(reflect.ValueOf(result).Elem()); name != "" {
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
