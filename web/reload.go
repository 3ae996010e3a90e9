package web

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"raptoreum_exporter/fleet"
)

// ReloadOnHangup reads the fleet file again at each SIGHUP, until the function that it returns is called.
// Without a fleet (nil) the signal does nothing, so that `systemctl reload` ends no exporter.
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
			_ = Reload(f, logger) // it logs the error
		}
	}()
	return func() {
		signal.Stop(hangup)
		close(hangup)
		<-done
	}
}

// Reload reads the fleet file again and logs how that went. After an error the previous one stays in force.
func Reload(f *fleet.Fleet, logger log.Logger) error {
	if err := f.Reload(); err != nil {
		level.Error(logger).Log("msg", "reloading the fleet file failed; the previous one stays in force", "err", err)
		return err
	}
	level.Info(logger).Log("msg", "fleet file reloaded", "file", f.Path())
	return nil
}
