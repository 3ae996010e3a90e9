package host

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// FuzzParse holds what any content of a cgroup file must be parsed to.
func FuzzParse(f *testing.F) {
	for _, content := range []string{
		"max 100000\n", "150000 100000\n", "-1\n 100000\n", "0 0", "100000", "18446744073709551616 1",
		"max\n", "3221225472\n", "9223372036854771712\n", "-1\n", "",
		"anon 1\ninactive_file 268435456\n", "inactive_file\n", "inactive_file -1", "inactive_file 1 2\ninactive_file 3",
		"0", "0-3,8", "3-1", "0-65536", "0,", "-",
	} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) {
		if cores, err := parseCPUMax(content); err == nil && !(cores > 0) {
			t.Errorf("%q: %v cores", content, cores)
		} else if err == nil && !math.IsInf(cores, 1) && cores > math.MaxUint64 {
			t.Errorf("%q: %v cores", content, cores)
		}
		if n, err := parseBytes(content); err == nil && n != noMemoryLimit && (n >= minNoMemoryLimit || !strings.Contains(content, fmt.Sprint(n))) {
			t.Errorf("%q: %d bytes", content, n)
		}
		if n, err := countCPUs(content); err == nil && n < 1 {
			t.Errorf("%q: %d CPUs", content, n)
		}
		if n, err := parseField(content, "inactive_file"); err == nil {
			if again, err := parseField(fmt.Sprintf("other 1\ninactive_file %d\n", n), "inactive_file"); again != n || err != nil {
				t.Errorf("%q: %d, then %d and error %v", content, n, again, err)
			}
		}
	})
}
