package web

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"raptoreum_exporter/fleet"
)

// ReloadOnHangup reloads the fleet file at each SIGHUP until stop is called. Without a fleet (nil) it ignores the
// signal, which would otherwise end the exporter.
func ReloadOnHangup(f *fleet.Fleet, logger log.Logger) (stop func()) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range hangup {
			if f == nil {
				level.Info(logger).Log("msg", "no fleet file to reload")
				continue
			}
			_ = Reload(f, logger) // Reload has logged the error
		}
	}()
	return func() {
		signal.Stop(hangup)
		close(hangup)
		<-done
	}
}

// Reload reloads the fleet file and logs the result. After an error, the previous one stays in effect.
func Reload(f *fleet.Fleet, logger log.Logger) error {
	if err := f.Reload(); err != nil {
		level.Error(logger).Log("msg", "reloading the fleet file failed; the previous one stays in effect", "err", err)
		return err
	}
	level.Info(logger).Log("msg", "fleet file reloaded", "file", f.Path())
	return nil
}
