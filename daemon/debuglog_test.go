package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const debugLogSelf = "77644067c230866906b1e5af07d1ade64c81dbc61cfe74e884280f46b69a0cef"

func logged(t *testing.T, value string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestDebugLogOfDaemon reads excerpts of what a real raptoreumd wrote.
func TestDebugLogOfDaemon(t *testing.T) {
	own, err := ParseHash(debugLogSelf)
	if err != nil {
		t.Fatal(err)
	}
	tip := func(at string, height int64, block string) *UpdateTip {
		return &UpdateTip{At: logged(t, at), Height: height, BlockTime: logged(t, block), Progress: 1}
	}
	banned := DebugLog{
		Tip:      tip("2026-11-25T22:40:18Z", 583, "2026-11-25T22:40:16Z"),
		Punished: &Punishment{At: logged(t, "2026-11-25T22:40:18Z"), Before: 51, After: 100, Max: 100},
		Banned:   &Ban{At: logged(t, "2026-11-25T22:40:18Z"), Height: 581},
	}
	ofOthers := banned
	ofOthers.Punished, ofOthers.Banned = nil, nil
	for _, c := range []struct {
		file string
		own  *Hash
		want DebugLog
	}{
		{"healthy", &own, DebugLog{Tip: tip("2026-11-25T23:29:37Z", 780, "2026-11-25T23:29:36Z")}},
		{"punished-then-banned", &own, banned},
		{"punished-then-banned", nil, ofOthers},
		{"punished-then-banned", &Hash{1}, ofOthers},
		{"revived", &own, DebugLog{Tip: tip("2026-11-25T22:46:11Z", 615, "2026-11-25T22:46:11Z")}},
		{"shutdown", &own, DebugLog{
			Tip:           tip("2026-11-25T22:09:55Z", 274, "2026-11-25T22:09:57Z"),
			ShutdownBegun: logged(t, "2026-11-25T22:10:18Z"), Stopped: true,
		}},
		{"reindex", &own, DebugLog{Tip: &UpdateTip{
			At: logged(t, "2026-11-25T23:29:53Z"), Height: 5,
			BlockTime: logged(t, "2026-11-25T22:09:12Z"), Progress: 1,
		}}},
	} {
		t.Run(c.file, func(t *testing.T) {
			got, err := ReadDebugLog("testdata/debuglog/"+c.file+".log", c.own)
			if err != nil {
				t.Fatal(err)
			}
			c.want.Written = got.Written
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestDebugLogLines(t *testing.T) {
	const (
		stamp  = "2026-11-25T23:24:45Z "
		fields = "UpdateTip: new best=e186 height=766 version=0x20000000 tx=1238 date='2026-11-25T23:24:40Z' progress=0.250000 cache=0.1MiB\n"
		other  = "2026-11-25T23:25:00Z ProcessNewBlock : ACCEPTED\n"
	)
	at, written := logged(t, "2026-11-25T23:24:45Z"), logged(t, "2026-11-25T23:30:00Z")
	tip := func(at time.Time) DebugLog {
		return DebugLog{Tip: &UpdateTip{At: at, Height: 766, BlockTime: logged(t, "2026-11-25T23:24:40Z"), Progress: 0.25}}
	}
	for _, c := range []struct {
		name, lines string
		want        DebugLog
	}{
		{"empty", "", DebugLog{}},
		{"tip", stamp + fields + other, tip(at)},
		{"logtimemicros", "2026-11-25T23:24:45.500000Z " + fields + other, tip(at.Add(500 * time.Millisecond))},
		{"logthreadnames", stamp + "[  rtm-msghand] " + fields, tip(at)},
		{"logtimestamps=0, last line", fields, tip(written)},
		{"logtimestamps=0, an earlier line", fields + "ProcessNewBlock : ACCEPTED\n", DebugLog{}},
		{"another time zone is not from raptoreumd", "2026-11-25T23:24:45+01:00 " + fields + other, DebugLog{}},
		{"height is not a number", stamp + strings.Replace(fields, "766", "7x6", 1), DebugLog{}},
		{"height is negative", stamp + strings.Replace(fields, "766", "-1", 1), DebugLog{}},
		{"progress is not a number", stamp + strings.Replace(fields, "0.250000", "NaN", 1), DebugLog{}},
		{"progress of a block from the future", stamp + strings.Replace(fields, "0.250000", "1.000002", 1), DebugLog{Tip: &UpdateTip{
			At: at, Height: 766, BlockTime: logged(t, "2026-11-25T23:24:40Z"), Progress: 1,
		}}},
		{"progress is far too high", stamp + strings.Replace(fields, "0.250000", "100", 1), DebugLog{}},
		{"no date", stamp + strings.Replace(fields, "date=", "dat=", 1), DebugLog{}},
		{"text of a peer", stamp + "received: UpdateTip: new best=1 height=9 date='2026-11-25T23:24:40Z' progress=1 \n", DebugLog{}},
		{"shutdown", stamp + "PrepareShutdown: In progress...\n", DebugLog{ShutdownBegun: at, Stopped: true}},
		{"disk space", stamp + "*** Disk space is low!\n", DebugLog{DiskSpaceLow: at, Abort: DiskSpaceLow}},
		{"disk space, for people", stamp + "Error: Disk space is low!\n", DebugLog{DiskSpaceLow: at, Abort: DiskSpaceLow}},
		{"corruption at start", stamp + ": Corrupted block database detected.\nPlease restart with -reindex.\n", DebugLog{Corruption: at, Abort: Corruption}},
		{"corruption at start, without colon", stamp + "ErrorCorrupted block database detected.\n", DebugLog{Corruption: at, Abort: Corruption}},
		{"corruption in use", stamp + "Fatal LevelDB error: Corruption: block checksum mismatch\n", DebugLog{Corruption: at, Abort: Corruption}},
		{"an error of LevelDB that is not corruption", stamp + "Fatal LevelDB error: IO error: x\n", DebugLog{}},
		{"only the end of a shutdown", stamp + "Shutdown: done\n", DebugLog{Stopped: true}},
		{
			"started again", stamp + "*** Disk space is low!\n" + stamp + "PrepareShutdown: In progress...\n" + stamp + "Shutdown: done\n" + stamp + "Raptoreum Core version v2.0.03.01-x (release build)\n",
			DebugLog{ShutdownBegun: at, DiskSpaceLow: at},
		},
		{"the last of a kind", "2026-11-25T20:00:00Z *** Disk space is low!\n" + stamp + "*** Disk space is low!\n", DebugLog{DiskSpaceLow: at, Abort: DiskSpaceLow}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Written = written
			if diff := cmp.Diff(c.want, parseDebugLog(c.lines, written, nil)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestDebugLogFile covers the size of the file, rotation and truncation.
func TestDebugLogFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "debug.log")
	line := func(height int) string {
		return fmt.Sprintf("2026-11-25T23:24:45Z UpdateTip: new best=e186 height=%d version=0x20000000 date='2026-11-25T23:24:45Z' progress=1.000000 \n", height)
	}
	height := func(content string) int64 {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		log, err := ReadDebugLog(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if time.Since(log.Written) > time.Minute {
			t.Errorf("written %s", log.Written)
		}
		if log.Tip == nil {
			return -1
		}
		return log.Tip.Height
	}
	filler := strings.Repeat("2026-11-25T23:25:00Z ProcessNewBlock : ACCEPTED\n", maxDebugLog/48)
	for _, c := range []struct {
		name, content string
		want          int64
	}{
		{"small", line(1), 1},
		{"the last one", line(1) + line(2), 2},
		{"truncated", "", -1},
		{"too far back", line(3) + filler + filler, -1},
		{"large", filler + filler + line(4), 4},
		{"a line that is cut at the start", strings.Repeat("x", 300) + line(5)[:20] + strings.Repeat("y", maxDebugLog-200) + "\n" + line(6), 6},
		{"a line that is being written", line(7) + line(8)[:len(line(8))-1], 7},
		{"not text", strings.Repeat("\x00\xff\n", maxDebugLog), -1},
		{"no line end", strings.Repeat("x", 3*maxDebugLog), -1},
	} {
		if got := height(c.content); got != c.want {
			t.Errorf("%s: height %d, want %d", c.name, got, c.want)
		}
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadDebugLog(path, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("between rotation and the next line: %v", err)
	}
	if got := height(line(9)); got != 9 {
		t.Errorf("after rotation: height %d", got)
	}
}

// FuzzDebugLog reads any bytes: times come from the log, numbers are in their range.
func FuzzDebugLog(f *testing.F) {
	files, err := filepath.Glob("testdata/debuglog/*.log")
	if err != nil || len(files) == 0 {
		f.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	own, err := ParseHash(debugLogSelf)
	if err != nil {
		f.Fatal(err)
	}
	written := time.Unix(1e9, 0)
	f.Fuzz(func(t *testing.T, lines []byte) {
		log := parseDebugLog(string(lines), written, &own)
		if tip := log.Tip; tip != nil && (tip.At.IsZero() || tip.Height < 0 || !(tip.Progress >= 0 && tip.Progress <= 1)) {
			t.Errorf("tip %+v", *tip)
		}
		if p := log.Punished; p != nil && (p.At.IsZero() || p.Before < 0 || p.After < 0 || p.Max < 0) {
			t.Errorf("punishment %+v", *p)
		}
		if b := log.Banned; b != nil && (b.At.IsZero() || b.Height < 0) {
			t.Errorf("ban %+v", *b)
		}
	})
}
