package client

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// C12: a body is too slow if a minute of waiting has brought less than 60 KiB, whatever
// the sizes in which it comes and is read.
func TestC12_LeastRate(t *testing.T) {
	for name, tc := range map[string]struct {
		every time.Duration // between bursts
		burst []int         // the reads of one, of which only the first waits
		slow  bool
	}{
		"a byte a second":                     {time.Second, []int{1}, true},
		"one KiB a second":                    {time.Second, []int{1 << 10}, false},
		"a little less":                       {time.Second, []int{1<<10 - 1}, true},
		"bursts, read in pieces":              {20 * time.Second, []int{512, 1 << 10, 20<<10 - 1536}, false},
		"smaller bursts":                      {20 * time.Second, []int{512, 1 << 10, 18 << 10}, true},
		"nothing at all":                      {30 * time.Second, []int{0}, true},
		"a minute's worth at once, then none": {59 * time.Second, []int{60 << 10}, false},
	} {
		var r leastRate
		slow := false
		for range 200 {
			for i, n := range tc.burst {
				d := time.Duration(0)
				if i == 0 {
					d = tc.every
				}
				slow = slow || r.slow(d, n)
			}
		}
		require.Equal(t, tc.slow, slow, name)
	}
}
