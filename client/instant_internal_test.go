package client

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestInstants(t *testing.T) {
	h := &call{deadline: deadline{began: time.Now()}}
	for name, tt := range map[string]struct {
		at   time.Time
		want instant
	}{
		"the beginning":        {h.began, beginning},
		"later":                {h.began.Add(time.Second), beginning + instant(time.Second)},
		"before the beginning": {h.began.Add(-time.Hour), beginning},
		"the zero time":        {time.Time{}, beginning},
		"the longest timeout":  {h.began.Add(math.MaxInt64), math.MaxInt64},
		"the year 9999":        {time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), math.MaxInt64},
	} {
		require.Equal(t, tt.want, h.instant(tt.at), name)
	}
	require.GreaterOrEqual(t, h.now(), beginning, "0 is none")
	require.True(t, h.time(beginning).Equal(h.began))
	require.Equal(t, time.Second, h.time(h.instant(h.began.Add(time.Second))).Sub(h.began))
	require.Equal(t, time.Hour, h.time(h.instant(h.began.Add(time.Hour))).Sub(h.began))

	require.Equal(t, beginning, beginning.after(0))
	require.Equal(t, beginning+1, beginning.after(1))
	require.Equal(t, instant(math.MaxInt64), beginning.after(math.MaxInt64), "no overflow")
	require.Equal(t, instant(math.MaxInt64), instant(math.MaxInt64).after(1))
	require.Equal(t, time.Second, beginning.after(time.Second).since(beginning))
	require.Equal(t, -time.Second, beginning.since(beginning.after(time.Second)))
}
