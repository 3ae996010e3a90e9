package setup

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
)

type Watch struct{}

func (c *command) watch(ctx context.Context, past record) (int, error) { return 0, nil }
func send(request *http.Request) (string, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	if err == nil && response.StatusCode != 200 {
		err = fmt.Errorf("HTTP %s", response.Status)
	}
	return string(b), err
}

func (w *Watch) Flags() *flag.FlagSet { return flag.NewFlagSet("watch", flag.ContinueOnError) }
