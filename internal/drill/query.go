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

// get requests url and decodes its JSON into value, unless value is nil.
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

// Count returns the number of series of an expression in the first Prometheus.
func (s *Stack) Count(expr string) int { return len(s.Query(s.Prometheus[0], expr)) }

// Sample is one series of a query result.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// EvaluateFirst evaluates an expression in the first Prometheus.
func (s *Stack) EvaluateFirst(expr string, at time.Time) ([]Sample, error) {
	return s.Evaluate(s.Prometheus[0], expr, at)
}

// Evaluate evaluates an expression in one Prometheus at a point in time.
func (s *Stack) Evaluate(p *Program, expr string, at time.Time) (all []Sample, err error) {
	var reply struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	parameters := url.Values{"query": {expr}, "time": {strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)}}
	if err := s.get(p.URL+"/api/v1/query?"+parameters.Encode(), &reply); err != nil {
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

// Query returns the labels of the series of an expression, or none if p does not answer.
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

// Inhibited adds the alerts of a node that Alertmanager inhibits to found.
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

// Await waits until all data about the nodes is known and has been for 10 minutes of rule time, so that
// later events count as changes. It fails after 90 seconds.
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
				return fmt.Errorf("%s has %d series, want %d: %w", expr, s.Count(expr), len(s.config.Nodes), ctx.Err())
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
