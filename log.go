package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

func newLogger(o *options, w io.Writer) (log.Logger, error) {
	least, err := level.Parse(o.logLevel)
	if err != nil {
		return nil, fmt.Errorf("--log.level: %q is none of debug, info, warn, error", o.logLevel)
	}
	var logger log.Logger
	switch o.logFormat {
	case "logfmt":
		logger = log.NewLogfmtLogger(log.NewSyncWriter(w))
	case "json":
		logger = log.NewJSONLogger(log.NewSyncWriter(w))
	default:
		return nil, fmt.Errorf("--log.format: %q is neither logfmt nor json", o.logFormat)
	}
	return level.NewFilter(logger, level.Allow(least)), nil
}

// dated adds the time to our own lines; the bridge from slog has its own.
func dated(logger log.Logger) log.Logger { return log.With(logger, "time", log.DefaultTimestampUTC) }

// slogger is the same logger for libraries that log through log/slog.
func slogger(logger log.Logger, least string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(least)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(sloggokit.NewGoKitHandler(logger, l))
}
