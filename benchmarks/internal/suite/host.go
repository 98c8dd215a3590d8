package suite

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// jiffy is the unit of /proc/PID/stat on Linux: USER_HZ is 100 on every
// architecture that Go runs on but Alpha.
const jiffy = 10 * time.Millisecond

// cpu returns the processor time the broker has used, user and system, or 0
// where it cannot be known.
func (b *Broker) cpu() time.Duration {
	if b.pid == 0 {
		return 0
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.pid))
	if err != nil {
		return 0
	}
	return parseStat(stat)
}

// parseStat adds fields 14 and 15. The second field, a name in parentheses,
// may itself hold blanks and parentheses.
func parseStat(stat []byte) time.Duration {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const utime, stime = 14 - 3, 15 - 3 // fields begins with the third
	if len(fields) <= stime {
		return 0
	}
	user, _ := strconv.ParseInt(fields[utime], 10, 64)
	system, _ := strconv.ParseInt(fields[stime], 10, 64)
	return time.Duration(user+system) * jiffy
}

// loadRange is the span of the one-minute load average over a workload.
type loadRange struct{ low, high float64 }

func newLoadRange() *loadRange { return &loadRange{low: -1} }

func (l *loadRange) read() {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return
	}
	fields := strings.Fields(string(text))
	if len(fields) == 0 {
		return
	}
	value, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return
	}
	if l.low < 0 || value < l.low {
		l.low = value
	}
	l.high = max(l.high, value)
}

func (l *loadRange) String() string {
	if l.low < 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f to %.1f", l.low, l.high)
}
