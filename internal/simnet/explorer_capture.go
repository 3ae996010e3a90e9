package simnet

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
)

// exchange is a recorded answer of the explorer software.
type exchange struct {
	path   string // of the request, with its query
	status int    // 0: it was never answered
	header http.Header
	body   []byte
}

// explorerTexts are the answers that an explorer gives whatever the chain is, as they were recorded.
type explorerTexts struct {
	down        exchange // its daemon refuses connections
	startHeight exchange // its daemon starts: getblockcount
	startValue  exchange // its daemon starts: everything else
	noBlock     exchange // getblock out of range
	limited     exchange
	noAgent     exchange
	post        exchange
	page        exchange
}

// loadExplorer reads the recorded answers from the folder explorer of the captures.
func loadExplorer(captures fs.FS) (*explorerTexts, error) {
	t := &explorerTexts{}
	for name, into := range map[string]*exchange{
		"down_getblockcount1":                                  &t.down,
		"fake_warmup_getblockcount":                            &t.startHeight,
		"fake_warmup_protx_command_info_protxhash_00000000000": &t.startValue,
		"real_getblock_far":                                    &t.noBlock,
		"ratelimit_101":                                        &t.limited,
		"no_user_agent":                                        &t.noAgent,
		"post":                                                 &t.post,
		"api_page":                                             &t.page,
	} {
		data, err := fs.ReadFile(captures, "explorer/"+name+".txt")
		if err != nil {
			return nil, err
		}
		if *into, err = parseExchange(data); err != nil {
			return nil, fmt.Errorf("explorer/%s.txt: %w", name, err)
		}
		if into.status == 0 {
			return nil, fmt.Errorf("explorer/%s.txt: no answer was recorded", name)
		}
	}
	return t, nil
}

// parseExchange reads a recorded exchange: the request as a comment, the answer, and what curl said of it.
func parseExchange(data []byte) (exchange, error) {
	request := regexp.MustCompile(`^# GET http://[^/\s]+(/\S*)`).FindSubmatch(data)
	outcome := regexp.MustCompile(`\n# status=(\d+) .*bytes=(\d+) `).FindSubmatch(data)
	if request == nil || outcome == nil {
		return exchange{}, fmt.Errorf("not a recorded exchange: %.60q", data)
	}
	e := exchange{path: string(request[1])}
	if string(outcome[1]) == "000" {
		return e, nil
	}
	var err error
	if e.status, err = strconv.Atoi(string(outcome[1])); err != nil {
		return e, err
	}
	size, err := strconv.Atoi(string(outcome[2]))
	if err != nil {
		return e, err
	}
	_, answer, _ := bytes.Cut(data, []byte("\nHTTP/1.1 "))
	_, answer, _ = bytes.Cut(answer, []byte("\r\n"))
	head, body, found := bytes.Cut(answer, []byte("\r\n\r\n"))
	if !found || len(body) < size {
		return e, fmt.Errorf("%d bytes of the body are missing", size-len(body))
	}
	e.body = body[:size]
	reader := textproto.NewReader(bufio.NewReader(strings.NewReader(string(head) + "\r\n\r\n")))
	header, err := reader.ReadMIMEHeader()
	e.header = http.Header(header)
	return e, err
}

// write sends the exchange again, with the headers that matter to a client.
func (e exchange) write(w http.ResponseWriter) {
	for _, name := range []string{"Content-Type", "Retry-After", "X-Ratelimit-Remaining"} {
		if value := e.header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(e.status)
	_, _ = w.Write(e.body)
}
