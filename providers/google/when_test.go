package google_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/providers/google"
)

func zurich(t *testing.T) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Zurich")
	require.NoError(t, err)
	return loc
}

// A day is a date, a moment has its offset, and a zone only where its name stands for
// that offset everywhere.
func TestWhen(t *testing.T) {
	winter := time.Date(2026, 11, 26, 15, 4, 5, 999, zurich(t))
	for want, w := range map[string]google.When{
		`{"date":"2026-11-26"}`: google.Day(2026, 11, 26),
		`{"date":"2026-11-01"}`: google.Day(2026, 10, 32),
		`{"dateTime":"2026-11-26T15:04:05+01:00","timeZone":"Europe/Zurich"}`: google.At(winter),
		`{"dateTime":"2026-11-26T14:04:05Z","timeZone":"UTC"}`:                google.At(winter.UTC()),
		`{"dateTime":"2026-11-26T16:04:05+02:00"}`:                            google.At(winter.In(time.FixedZone("Europe/Zurich", 7200))),
		`{"dateTime":"2026-11-26T19:34:05+05:30"}`:                            google.At(winter.In(time.FixedZone("", 19800))),
		`{"dateTime":"2026-11-26T15:04:05+01:00"}`:                            google.At(winter.In(time.FixedZone("CET", 3600))),
		`{"dateTime":"2026-11-26T15:04:06+01:00"}`:                            google.At(winter.Add(time.Second).In(time.FixedZone("No/Where", 3600))),
		`null`: google.At(time.Time{}),
	} {
		text, err := json.Marshal(w)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
		require.Equal(t, want == "null", w.IsZero())
		var again google.When
		require.NoError(t, json.Unmarshal(text, &again))
		text, err = json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, want, string(text), "what was read is written as it was")
	}
	moment, ok := google.At(winter).Time()
	require.True(t, ok)
	require.True(t, winter.Equal(moment))
	require.Equal(t, "Europe/Zurich", google.At(winter).Zone())
	_, _, _, ok = google.At(winter).Day()
	require.False(t, ok)
	year, month, day, ok := google.Day(2026, 2, 30).Day()
	require.Equal(t, "2026 March 2 true", fmt.Sprint(year, month, day, ok))
	_, ok = google.Day(2026, 2, 3).Time()
	require.False(t, ok)
	require.Equal(t, "2026-02-03, 2026-11-26T15:04:05+01:00 Europe/Zurich, ", fmt.Sprintf("%v, %v, %v", google.Day(2026, 2, 3), google.At(winter), google.When{}))
}

// P3: what else is in it breaks nothing, and what is no time is refused without being
// repeated.
func TestP3_ReadingAWhen(t *testing.T) {
	for text, want := range map[string]string{
		`{"date":"2026-11-26","new":{}}`:                                  "2026-11-26",
		`{"dateTime":"2026-11-26T15:00:00.123Z"}`:                         "2026-11-26T15:00:00Z",
		`{"dateTime":"2026-11-26T15:00:00","timeZone":"Europe/Zurich"}`:   "2026-11-26T15:00:00+01:00 Europe/Zurich",
		`{"dateTime":"2026-11-26T15:00:00-05:00","timeZone":"GMT-05:00"}`: "2026-11-26T15:00:00-05:00 GMT-05:00",
		`{"date":"2026-11-26","dateTime":"2026-11-26T15:00:00Z"}`:         "2026-11-26T15:00:00Z",
		`{}`: "", `null`: "", `{"date":null}`: "",
	} {
		var w google.When
		require.NoError(t, json.Unmarshal([]byte(text), &w), text)
		require.Equal(t, want, w.String(), text)
	}
	for _, text := range []string{
		`{"date":"canary"}`, `{"date":"2026-02-30"}`, `{"dateTime":"canary"}`, `{"dateTime":"2026-11-26T15:00:00"}`, `"canary"`, `{"date":1}`,
		`{"dateTime":"2026-11-26T15:00:00","timeZone":"canary"}`, `{"dateTime":"2026-11-26T15:00:00","timeZone":"Local"}`, `{"dateTime":"2026-11-26"}`,
	} {
		var w google.When
		err := json.Unmarshal([]byte(text), &w)
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), "canary")
	}
}

// L2: any bytes are read or refused, and what was read is written in one form.
func FuzzWhen(f *testing.F) {
	f.Add(`{"date":"2026-11-26"}`)
	f.Add(`{"dateTime":"2026-11-26T15:00:00+01:00","timeZone":"Europe/Zurich"}`)
	f.Fuzz(func(t *testing.T, text string) {
		var w google.When
		if json.Unmarshal([]byte(text), &w) != nil {
			return
		}
		first, err := json.Marshal(w)
		require.NoError(t, err)
		var again google.When
		require.NoError(t, json.Unmarshal(first, &again))
		second, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
		require.Equal(t, w.IsZero(), again.IsZero())
	})
}
