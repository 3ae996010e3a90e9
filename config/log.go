package config

import (
	"io"
	"log/slog"
	"slices"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

// Log configures which lines are logged, and in which format.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // logfmt or json
}

// New returns a logger that writes to w. Every line starts with its level and the time.
func (l Log) New(w io.Writer) log.Logger {
	return log.With(l.undated(w), "time", log.DefaultTimestampUTC)
}

// NewSlog returns the same logger for libraries that log through log/slog.
func (l Log) NewSlog(w io.Writer) *slog.Logger {
	var min slog.Level
	_ = min.UnmarshalText([]byte(l.Level)) // on an error it is info
	return slog.New(sloggokit.NewGoKitHandler(l.undated(w), min))
}

// AtLeast returns a copy whose minimum level is not below level.
func (l Log) AtLeast(level string) Log {
	levels := []string{"debug", "info", "warn", "error"}
	if slices.Index(levels, level) > slices.Index(levels, l.Level) {
		l.Level = level
	}
	return l
}

// undated returns a logger without time, for the bridge from slog, which adds it.
func (l Log) undated(w io.Writer) log.Logger {
	w = log.NewSyncWriter(w)
	logger := log.NewLogfmtLogger(w)
	if l.Format == "json" {
		logger = log.NewJSONLogger(w)
	}
	return level.NewFilter(logger, level.Allow(level.ParseDefault(l.Level, level.InfoValue())))
}
