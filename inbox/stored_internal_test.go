package inbox

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
)

// stored returns each event of d as it comes back from its row.
func roundTrip(t *testing.T, d *webhook.Delivery) (back []*webhook.Delivery) {
	t.Helper()
	from := 0
	for i := range d.Events {
		meta, next, err := encode(d, i, from)
		require.NoError(t, err)
		from = next
		got, err := decode(d.Endpoint, meta, d.Request.Body)
		require.NoError(t, err)
		back = append(back, got)
	}
	return back
}

func TestADeliveryComesBackAsItWas(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 26, 1, 2, 3, 4, time.UTC)
	u, err := url.Parse("https://example.com/h?Body=a%20b&x=+1")
	require.NoError(t, err)
	d := &webhook.Delivery{
		Endpoint: "eu", First: 3,
		Receipt: webhook.Receipt{Provider: "p", Scheme: "v1", KeyID: "key 2", EventID: "d", EventIDSigned: true, EventType: "t", SignedAt: at, Untrusted: []string{"X-A"}},
		Request: &webhook.Request{Method: "PUT", URL: u, Header: http.Header{"X-A": {"1", "2"}}, Body: []byte("[aa,bb,aa]\r\n"), ReceivedAt: at},
		Events: []webhook.Raw{
			{ID: "1", IDSigned: true, Type: "x", TypeSigned: true, Object: "o", Time: at, APIVersion: "v", Payload: []byte("aa")},
			{ID: "2", Payload: []byte("bb")},
			{ID: "3", Payload: []byte("aa")},
			{ID: "4", Payload: []byte("not in the body")},
			{ID: "5"},
		},
	}
	for i, got := range roundTrip(t, d) {
		require.Equal(t, d.Endpoint, got.Endpoint)
		require.Equal(t, d.Receipt, got.Receipt)
		require.Equal(t, d.Request, got.Request)
		require.Equal(t, 3+i, got.First)
		require.Equal(t, d.Events[i], got.Events[0])
	}
	own, _, err := encode(d, 2, 4)
	require.NoError(t, err)
	require.Contains(t, string(own), `"start":7`, "found from where the one before it ended")

	d.Request, d.Events = &webhook.Request{Header: http.Header{}}, []webhook.Raw{{}}
	require.Equal(t, d.Request, roundTrip(t, d)[0].Request, "an empty one")
	d.Request = nil
	meta, _, err := encode(d, 0, 0)
	require.NoError(t, err)
	got, err := decode("eu", meta, nil)
	require.NoError(t, err)
	require.NotNil(t, got.Request)
	require.NotNil(t, got.Request.Header)
}

// A URL comes back as net/http made it, also where a path that is put together of two
// begins with two slashes: it is no host.
func TestAURLComesBackAsItWas(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"//hooks/eu?x=1", "///a", "/", "/a%2Fb?", "/a:b", "?x=//y"} {
		u, err := url.ParseRequestURI(target)
		if target[0] == '?' {
			u, err = url.Parse(target)
		}
		require.NoError(t, err)
		d := &webhook.Delivery{Request: &webhook.Request{URL: u}, Events: []webhook.Raw{{}}}
		require.Equal(t, u, roundTrip(t, d)[0].Request.URL, target)
	}
	u := &url.URL{Host: "example.com", Path: "/h"} // as an adapter may make it
	d := &webhook.Delivery{Request: &webhook.Request{URL: u}, Events: []webhook.Raw{{}}}
	require.Equal(t, u, roundTrip(t, d)[0].Request.URL)
}

// Headers and queries are bytes, of which not all are UTF-8.
func TestWhatIsNotUTF8ComesBackAsItWas(t *testing.T) {
	t.Parallel()
	u, err := url.ParseRequestURI("/a?b=\xe9")
	require.NoError(t, err)
	header := http.Header{"X-A": {"caf\xe9", "tea"}, "X-B": {"b"}}
	d := &webhook.Delivery{Request: &webhook.Request{URL: u, Header: header}, Events: []webhook.Raw{{}}}
	got := roundTrip(t, d)[0].Request
	require.Equal(t, u, got.URL)
	require.Equal(t, http.Header{"X-A": {"caf\xe9", "tea"}, "X-B": {"b"}}, got.Header)
	require.Len(t, header, 2, "it is the delivery's own")
}

func TestARowThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, meta := range []string{
		"", "null", "[]", "{", `{"v":0}`, `{"v":2}`, `{"v":1,"index":-1}`, `{"v":1,"start":-1,"length":1}`, `{"v":1,"start":4,"length":2}`,
		`{"v":1,"start":6,"length":1}`, `{"v":1,"length":-1}`, `{"v":1,"start":9223372036854775807,"length":9223372036854775807}`, `{"v":1,"url":":"}`, `{"v":1,"url":"%zzcanary"}`,
	} {
		_, err := decode("e", []byte(meta), []byte("12345"))
		require.ErrorIs(t, err, ErrUndecodable, meta)
		require.NotContains(t, err.Error(), "canary")
	}
	for _, meta := range []string{`{"v":1}`, `{"v":1,"start":4,"length":1}`, `{"v":1,"new":{}}`} {
		d, err := decode("e", []byte(meta), []byte("12345"))
		require.NoError(t, err, meta)
		require.Len(t, d.Events, 1)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"v":1,"receipt":{"Provider":"stripe"},"url":"https://a/b?c","header":{"A":["b"]},"event":{"ID":"1"},"start":1,"length":2}`), []byte("body"))
	f.Add([]byte(`{"v":1,"payload":"YWI=","index":7,"received_at":"2026-11-26T01:02:03Z"}`), []byte{})
	f.Add([]byte(`{"v":1,"start":3,"length":9}`), []byte("body"))
	f.Fuzz(func(t *testing.T, meta, body []byte) {
		d, err := decode("e", meta, body)
		if err != nil {
			require.ErrorIs(t, err, ErrUndecodable)
			return
		}
		// What was read can be written, and reads as the same.
		again, _, err := encode(d, 0, 0)
		if err != nil {
			t.Skip("a time that JSON has no form for")
		}
		back, err := decode("e", again, body)
		require.NoError(t, err)
		require.True(t, bytes.Equal(d.Events[0].Payload, back.Events[0].Payload))
		require.Equal(t, d.First, back.First)
		require.Equal(t, d.Events[0].ID, back.Events[0].ID)
	})
}

func TestShownIsTextThatEveryDatabaseTakes(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a\uFFFDb\uFFFD", shown("a\x00b\xff", 255))
	require.Equal(t, "äö…", shown("äöü", 5))
	require.LessOrEqual(t, len(shown(strings.Repeat("\x00", 300), 255)), 3*255+3)
	_, err := json.Marshal(shown("\xff", 3))
	require.NoError(t, err)
}

func TestBackoffIsBounded(t *testing.T) {
	t.Parallel()
	for given, want := range map[time.Duration]time.Duration{-1: 0, math.MinInt64: 0, 0: 0, time.Hour: time.Hour, math.MaxInt64: longest} {
		ib := &Inbox{cfg: config{backoff: func(int) time.Duration { return given }}}
		require.Equal(t, want, ib.backoff(1))
	}
	ib := &Inbox{cfg: config{backoff: func(int) time.Duration { panic("mine") }}}
	require.Equal(t, time.Hour, ib.backoff(1))
	def := &Inbox{cfg: defaults()}
	for attempt := range 1000 { // River's ran over after 310 failures
		require.LessOrEqual(t, def.backoff(attempt), time.Hour)
		require.GreaterOrEqual(t, def.backoff(attempt), time.Duration(0))
	}
	for n, want := range map[int]time.Duration{1: awayBase, 2: 2 * awayBase, 7: awayLimit, math.MaxInt: awayLimit} {
		require.Equal(t, want, away(n))
	}
}

// So are an identifier and a type that a header had: two that differ stay two.
func TestAnIdentifierThatIsNotUTF8ComesBackAsItWas(t *testing.T) {
	t.Parallel()
	d := &webhook.Delivery{
		Receipt: webhook.Receipt{EventID: "a\xe9", EventType: "b\xe8"},
		Request: &webhook.Request{},
		Events:  []webhook.Raw{{ID: "a\xe9", Type: "b\xe8"}, {ID: "a", Type: "b"}},
	}
	for i, got := range roundTrip(t, d) {
		require.Equal(t, d.Receipt, got.Receipt)
		require.Equal(t, d.Events[i], got.Events[0])
	}
	require.Equal(t, "a\xe9", d.Events[0].ID, "it is the delivery's own")
}
