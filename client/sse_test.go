package client_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
)

// pieces yields each string by a Read of its own, and the last one together with
// the error.
type pieces struct {
	texts []string
	err   error
	after int // reads after the error
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.texts) == 0 {
		p.after++
		return 0, p.err
	}
	n := copy(b, p.texts[0])
	if p.texts[0] = p.texts[0][n:]; p.texts[0] == "" {
		p.texts = p.texts[1:]
	}
	if len(p.texts) == 0 {
		return n, p.err
	}
	return n, nil
}

// events reads a stream to its end.
func events(t *testing.T, r io.Reader) (got []client.Event, err error) {
	t.Helper()
	c, err := client.New(base, client.WithTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: io.NopCloser(r), ContentLength: -1, Request: req}, nil
	})))
	require.NoError(t, err)
	for ev, err := range client.Events(t.Context(), c, client.Request{Path: "/e"}) {
		if err != nil {
			return got, err
		}
		got = append(got, ev)
	}
	return got, nil
}

func TestEventsHoweverTheyArrive(t *testing.T) {
	const stream = "\uFEFFdata: a\r\rid: 1\r\ndata\r\ndata: b\n\r\nevent: e\ndata:c\n\n\r\n"
	want := []client.Event{{Data: []byte("a")}, {Data: []byte("\nb"), ID: "1"}, {Type: "e", Data: []byte("c"), ID: "1"}}
	for name, r := range map[string]io.Reader{
		"whole":                strings.NewReader(stream),
		"by the byte":          iotest.OneByteReader(strings.NewReader(stream)),
		"by halves":            iotest.HalfReader(strings.NewReader(stream)),
		"the end with the end": iotest.DataErrReader(strings.NewReader(stream)),
		"with empty reads":     &pieces{texts: []string{"", "\xef", "", "\xbb\xbf", "", stream[3:], "", ""}, err: io.EOF},
	} {
		got, err := events(t, r)
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
	for _, start := range []string{"\xef", "\xef\xbb", "\xef\xbb\xbe"} { // no mark: part of a field's name
		got, err := events(t, strings.NewReader(start+"data: a\n\ndata: b\n\n"))
		require.NoError(t, err)
		require.Equal(t, []client.Event{{Data: []byte("b")}}, got)
	}
	got, err := events(t, strings.NewReader("data: a\n\n\uFEFFdata: b\n\n"))
	require.NoError(t, err)
	require.Len(t, got, 1, "a mark is one at the beginning only")
	got, err = events(t, strings.NewReader("\r\n\ndata: a\r\n\r\n\n"))
	require.NoError(t, err)
	require.Len(t, got, 1)
}

func TestWhatAServiceAsksToWaitBeforeReconnecting(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1500": 1500 * time.Millisecond, "0": 0, "": 0, "+5": 0, "-5": 0, "1.5": 0, "5s": 0, "4294967296": 0, "4294967295": 4294967295 * time.Millisecond,
	} {
		got, err := events(t, strings.NewReader("retry: "+text+"\ndata: a\n\ndata: b\n\n"))
		require.NoError(t, err)
		require.Equal(t, want, got[0].Retry, text)
		require.Zero(t, got[1].Retry, "told once")
	}
}

func TestAStreamThatBreaksOff(t *testing.T) {
	broken := &pieces{texts: []string{"data: a\n\nda", "ta: b\n"}, err: errors.New("connection lost")}
	got, err := events(t, broken)
	require.ErrorContains(t, err, "connection lost")
	require.Len(t, got, 1)
	require.Zero(t, broken.after, "what has ended is not read again")

	never := &pieces{texts: append(make([]string, 200), "data: a\n\n"), err: io.EOF}
	_, err = events(t, never)
	require.ErrorContains(t, err, io.ErrNoProgress.Error())
}
