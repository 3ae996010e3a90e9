package dashboards

import (
	"math"
	"strconv"
	"strings"
)

// format formats a number as Grafana does, for the units that the dashboards use.
func format(unit string, decimals *int, value float64) string {
	suffix, ok := strings.CutPrefix(unit, "suffix:")
	switch {
	case ok:
		return fixed(value, decimals) + " " + suffix
	case unit == "percentunit":
		return fixed(100*value, decimals) + "%"
	case unit == "s":
		return seconds(value, decimals)
	case unit == "bytes":
		return scaled(value, 1024, decimals, "B", "KiB", "MiB", "GiB", "TiB", "PiB")
	case unit == "Bps" && value != 0 && math.Abs(value) < 1:
		return scaled(value*1000, 1000, decimals, "mB/s")
	case unit == "Bps":
		return scaled(value, 1000, decimals, "B/s", "kB/s", "MB/s", "GB/s")
	}
	return fixed(value, decimals)
}

func seconds(value float64, decimals *int) string {
	for _, u := range []struct {
		below, one float64
		name       string
	}{
		{1e-6, 1e-9, "ns"},
		{1e-3, 1e-6, "µs"},
		{1, 1e-3, "ms"},
		{60, 1, "s"},
		{3600, 60, "min"},
		{86400, 3600, "hour"},
		{604800, 86400, "day"},
		{31536000, 604800, "week"},
		{math.Inf(1), 31556900, "year"},
	} {
		if value == 0 {
			return "0 s"
		}
		if math.Abs(value) < u.below {
			if u.one >= 60 && math.Abs(value/u.one) > 1 {
				u.name += "s"
			}
			return fixed(value/u.one, decimals) + " " + u.name
		}
	}
	return ""
}

// scaled formats a value in the largest fitting unit. Each unit is factor times the one before it.
func scaled(value, factor float64, decimals *int, units ...string) string {
	for math.Abs(value) >= factor && len(units) > 1 {
		value, units = value/factor, units[1:]
	}
	return fixed(value, decimals) + " " + units[0]
}

// fixed rounds as JavaScript does, to the given decimals, else to about three significant digits.
func fixed(value float64, decimals *int) string {
	digits := 0
	switch {
	case decimals != nil:
		digits = *decimals
	case value != math.Trunc(value):
		digits = max(0, 2-int(math.Floor(math.Log10(math.Abs(value)))))
	}
	factor := math.Pow10(digits)
	return strconv.FormatFloat(math.Floor(value*factor+0.5)/factor, 'f', digits, 64)
}
