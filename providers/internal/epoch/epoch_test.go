package epoch_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/internal/epoch"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

type times struct {
	Millis  epoch.Millis  `json:"ms,omitzero"`
	Seconds epoch.Seconds `json:"s,omitzero"`
}

// Numbers come bare and as strings; what is not there is no time.
func TestRead(t *testing.T) {
	at := time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		`{"ms":1795705200000,"s":1795705200}`:     at,
		`{"ms":"1795705200000","s":"1795705200"}`: at,
		`{"ms":null,"s":null}`:                    {},
		`{"ms":0,"s":0}`:                          {},
		`{"ms":"","s":""}`:                        {},
		`{"ms":"0","s":"0"}`:                      {},
		`{}`:                                      {},
	} {
		var got times
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.Equal(t, want, got.Millis.Time, text)
		require.Equal(t, want, got.Seconds.Time, text)
	}
	var got times
	require.NoError(t, json.Unmarshal([]byte(`{"ms":-1,"s":-1}`), &got))
	require.Equal(t, time.UnixMilli(-1).UTC(), got.Millis.Time)
	require.Equal(t, time.Unix(-1, 0).UTC(), got.Seconds.Time)
}

func TestWhatIsNoTime(t *testing.T) {
	for _, text := range []string{`"canary"`, `true`, `[]`, `{}`, `1.5`, `1e99`, `"1 2"`, `99999999999999999999`} {
		for _, member := range []string{"ms", "s"} {
			var got times
			err := json.Unmarshal([]byte(`{"`+member+`":`+text+`}`), &got)
			require.ErrorContains(t, err, "a time is not a number", text)
			require.NotContains(t, err.Error(), "canary")
		}
	}
}

func TestWrite(t *testing.T) {
	at := time.Date(2026, 11, 26, 15, 0, 0, 1e6, time.FixedZone("", 3600))
	raw, err := json.Marshal(times{Millis: epoch.Millis{Time: at}, Seconds: epoch.Seconds{Time: at}})
	require.NoError(t, err)
	require.JSONEq(t, `{"ms":1795701600001,"s":1795701600}`, string(raw))
	raw, err = json.Marshal(times{})
	require.NoError(t, err)
	require.Equal(t, `{}`, string(raw))
	raw, err = json.Marshal(epoch.Millis{})
	require.NoError(t, err)
	require.Equal(t, `0`, string(raw))
}

// Whatever a service sends, what is read is written as the same number.
func FuzzMillis(f *testing.F) {
	for _, seed := range []string{`1795705200000`, `"1795705200000"`, `null`, `""`, `"`, `-9223372036854775808`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var m, again epoch.Millis
		if m.UnmarshalJSON([]byte(text)) != nil {
			return
		}
		raw, err := m.MarshalJSON()
		require.NoError(t, err)
		require.NoError(t, again.UnmarshalJSON(raw))
		require.True(t, again.Equal(m.Time), text)
	})
}
