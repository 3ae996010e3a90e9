package check

import (
	"fmt"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Progress is that of a sync, from one look to the next. The zero value has not looked yet.
type Progress struct {
	height    float64
	at        time.Time
	perSecond float64 // blocks; 0: not known yet
}

const (
	barWidth = 20
	// A speed that moves with each look jumps; this share of it is new.
	newSpeed = 0.3
)

// Line tells in one line how far the sync is, and whether it is finished.
func (p *Progress) Line(families []*dto.MetricFamily, at time.Time) (line string, finished bool) {
	f := newFacts(Input{Families: families, At: at})
	height, known := f.value("block_height")
	switch {
	case f.state("daemon_state", "state") == "warming_up":
		return "raptoreumd starts: " + f.state("daemon_warmup_info", "message"), false
	case !known || !f.ready():
		return "raptoreumd does not answer (" + f.state("daemon_state", "state") + ")", false
	}
	target, _ := f.target()
	target = max(target, height)
	speed := p.speed(height, at)
	behind := target - height
	switch {
	case !f.downloading() && behind <= behindMost && f.is(1, "sync_finished"):
		return fmt.Sprintf("synced at block %.0f", height), true
	case !f.downloading() && behind <= behindMost:
		return fmt.Sprintf("all %.0f blocks are here; the smartnode sync is at %s", height, f.state("sync_stage", "stage")), false
	}
	share := height / max(target, 1)
	done := int(share * barWidth)
	left := "measuring"
	if speed > 0 {
		left = fmt.Sprintf("%s left, %.0f blocks/s", span(behind/speed), speed)
	}
	// What matters comes first: a narrow terminal cuts the rest.
	line = fmt.Sprintf("[%s%s] %5.1f %%  %s  %.0f/%.0f", strings.Repeat("#", done), strings.Repeat(".", barWidth-done), 100*share, left, height, target)
	if headers, told := f.value("header_height"); told && headers < target {
		line += fmt.Sprintf(", headers %.0f", headers)
	}
	return line, false
}

// speed is in blocks a second, smoothed.
func (p *Progress) speed(height float64, at time.Time) float64 {
	if passed := at.Sub(p.at).Seconds(); !p.at.IsZero() && passed > 0 {
		now := max(0, height-p.height) / passed
		if p.perSecond == 0 {
			p.perSecond = now
		} else {
			p.perSecond += newSpeed * (now - p.perSecond)
		}
	}
	p.height, p.at = height, at
	return p.perSecond
}
