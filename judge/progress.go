package judge

import (
	"fmt"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/alerts"
)

// Progress is the progress of a sync across samples. The zero value has no sample yet.
type Progress struct {
	height    float64
	at        time.Time
	perSecond float64 // blocks; 0: unknown
}

const (
	barWidth = 20
	// newSpeedWeight is the weight of a new speed in the moving average: a speed taken from two samples jumps.
	newSpeedWeight = 0.3
)

// Line describes the sync in one line and reports whether it is finished.
func (p *Progress) Line(families []*dto.MetricFamily, at time.Time) (line string, finished bool) {
	f := &facts{Input{Families: families, At: at}}
	height, known := f.value("block_height")
	if logged, newer := f.value("debuglog_block_height"); known && newer && f.slow() {
		height = max(height, logged) // the answer is from an earlier scrape
	}
	switch {
	case f.state("daemon_state", "state") == "warming_up":
		return "raptoreumd is starting: " + f.state("daemon_warmup_info", "message") + f.logged(), false
	case !known && f.slow():
		return "raptoreumd is slow" + f.logged(), false
	case !known || !f.ready() && !f.slow():
		return "raptoreumd does not answer (" + f.state("daemon_state", "state") + ")" + f.logged(), false
	}
	target, _ := f.target()
	target = max(target, height)
	speed := p.speed(height, at)
	behind := target - height
	switch {
	case !f.downloading() && behind <= alerts.MaxBlocksBehind && f.is(1, "sync_finished"):
		return fmt.Sprintf("synced at block %.0f", height), true
	case !f.downloading() && behind <= alerts.MaxBlocksBehind:
		return fmt.Sprintf("all %.0f blocks are downloaded; the smartnode sync is in stage %s", height, f.state("sync_stage", "stage")), false
	}
	share := height / max(target, 1)
	done := int(share * barWidth)
	left := "measuring"
	if speed > 0 {
		left = fmt.Sprintf("%s left, %.0f blocks/s", FormatDuration(behind/speed), speed)
	}
	// The most important values come first, because a narrow terminal cuts the line.
	line = fmt.Sprintf("[%s%s] %5.1f %%  %s  %.0f/%.0f", strings.Repeat("#", done), strings.Repeat(".", barWidth-done), 100*share, left, height, target)
	if headers, known := f.value("header_height"); known && headers < target {
		line += fmt.Sprintf(", headers %.0f", headers)
	}
	if f.slow() {
		line += ", slow"
	}
	return line, false
}

// speed adds a sample and returns the moving average in blocks per second.
func (p *Progress) speed(height float64, at time.Time) float64 {
	if passed := at.Sub(p.at).Seconds(); !p.at.IsZero() && passed > 0 {
		now := max(0, height-p.height) / passed
		if p.perSecond == 0 {
			p.perSecond = now
		} else {
			p.perSecond += newSpeedWeight * (now - p.perSecond)
		}
	}
	p.height, p.at = height, at
	return p.perSecond
}
