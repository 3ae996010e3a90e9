package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// get reads JSON into value, if any.
func (s *Stack) get(url string, value any) error {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", url, response.Status, body)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(body, value)
}

// Count returns how many series an expression has in the first Prometheus.
func (s *Stack) Count(expr string) int { return len(s.Query(s.Prometheus[0], expr)) }

// Sample is one series of an answer.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Answer is what the first Prometheus says to an expression about a moment.
func (s *Stack) Answer(expr string, at time.Time) ([]Sample, error) {
	return s.Ask(s.Prometheus[0], expr, at)
}

// Ask asks one Prometheus.
func (s *Stack) Ask(p *Program, expr string, at time.Time) (all []Sample, err error) {
	var reply struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	question := url.Values{"query": {expr}, "time": {strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)}}
	if err := s.get(p.URL+"/api/v1/query?"+question.Encode(), &reply); err != nil {
		return nil, err
	}
	for _, r := range reply.Data.Result {
		value, err := strconv.ParseFloat(fmt.Sprint(r.Value[1]), 64)
		if err != nil {
			return nil, err
		}
		all = append(all, Sample{r.Metric, value})
	}
	return all, nil
}

// Query returns the labels of the series that an expression has; none when p does not answer.
func (s *Stack) Query(p *Program, expr string) (series []map[string]string) {
	var reply struct {
		Data struct {
			Result []struct{ Metric map[string]string }
		}
	}
	if err := s.get(p.URL+"/api/v1/query?query="+url.QueryEscape(expr), &reply); err != nil {
		return nil
	}
	for _, r := range reply.Data.Result {
		series = append(series, r.Metric)
	}
	return series
}

// Inhibited adds the alerts of a node that Alertmanager knows of and tells nobody.
func (s *Stack) Inhibited(node string, found map[Alert]bool) {
	var reply []struct {
		Labels map[string]string
		Status struct{ InhibitedBy []string }
	}
	if err := s.get(s.Alertmanager[0].URL+"/api/v2/alerts?filter="+url.QueryEscape(`node="`+node+`"`), &reply); err != nil {
		return
	}
	for _, a := range reply {
		if len(a.Status.InhibitedBy) > 0 {
			found[Alert{a.Labels["alertname"], a.Labels["severity"]}] = true
		}
	}
}

// Await waits until everything about the nodes is known and long enough, so that what happens
// then is a change.
func (s *Stack) Await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	for _, expr := range []string{
		"raptoreum_up == 1", "raptoreum_port_reachable == 1", "raptoreum_smartnodes_penalised",
		"min by (node) (raptoreum_explorer_chain_match) == 1", "max by (node) (raptoreum_explorer_smartnode_pose_banned) == 0",
	} {
		for s.Count(expr) < len(s.config.Nodes) {
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s has %d series of %d nodes: %w", expr, s.Count(expr), len(s.config.Nodes), ctx.Err())
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(Scaled(10 * time.Minute)):
		return nil
	}
}
