package compare

import (
	"fmt"
	"time"
)

// times is "1 request", "3 requests".
func times(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// often is "once", "twice", "5 times".
func often(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// seconds is a duration to a tenth of a second.
func seconds(d time.Duration) string {
	if d < 50*time.Millisecond {
		return "less than 0.1 s"
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
