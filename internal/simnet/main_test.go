package simnet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testdata = "../../testdata/"

func load(t *testing.T, scenario string) *Scenario {
	t.Helper()
	s, err := Load(os.DirFS(testdata + "scenarios/" + scenario))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start runs a network of a scenario, with the credentials u and p.
func start(t *testing.T, scenario string, change ...func(*Config)) *Network {
	t.Helper()
	config := Config{
		Scenario: load(t, scenario), Captures: os.DirFS(testdata + "captures"),
		User: "u", Password: "p", AuthDelay: time.Millisecond,
	}
	for _, c := range change {
		c(&config)
	}
	n, err := Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// client returns one that is done with its connections when the test is.
func client(t *testing.T, timeout time.Duration) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

// post sends an RPC body.
func post(t *testing.T, n *Network, body string, timeout time.Duration) answer {
	t.Helper()
	return send(t, n, http.MethodPost, "/", "u", "p", body, timeout)
}

func send(t *testing.T, n *Network, method, path, user, password, body string, timeout time.Duration) answer {
	t.Helper()
	request, err := http.NewRequest(method, n.RPCURL()+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	response, err := client(t, timeout).Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(data), err}
}

type rpcReply struct {
	Result json.RawMessage
	Error  *rpcError
	ID     json.RawMessage
}

// ask returns the result of one call, decoded.
func ask(t *testing.T, n *Network, method, params string) any {
	t.Helper()
	got := post(t, n, fmt.Sprintf(`{"id":1,"method":%q,"params":%s}`, method, params), 10*time.Second)
	if got.err != nil {
		t.Fatal(got.err)
	}
	var reply rpcReply
	if err := json.Unmarshal([]byte(got.body), &reply); err != nil {
		t.Fatalf("%s %s: %v in %.200q", method, params, err, got.body)
	}
	if reply.Error != nil {
		return fmt.Sprintf("%d %s", reply.Error.Code, reply.Error.Message)
	}
	return decode(reply.Result)
}

// field walks into objects.
func field(t *testing.T, value any, names ...string) string {
	t.Helper()
	for _, name := range names {
		fields, ok := value.(object)
		if !ok {
			t.Fatalf("%v is not an object with %s", value, name)
		}
		value = fields[name]
	}
	return fmt.Sprint(value)
}

func get(t *testing.T, url string) answer {
	t.Helper()
	response, err := client(t, 2*time.Second).Get(url)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return answer{response.StatusCode, response.Header, string(data), err}
}
