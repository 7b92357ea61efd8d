package oauthmanager_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// gateway stands in front of the token endpoint and writes down what passes.
type gateway struct {
	*httptest.Server
	upstream string

	// before is called when a refresh token has arrived for the first time, after
	// when the server has exchanged it and the worker has not been told. Either
	// may end the worker, and before says whether it has: the request then goes no
	// further, also where its connection's end has not been noticed yet.
	before func(worker string) (killed bool)
	after  func(worker string)

	mu    sync.Mutex
	seen  []exchange
	known map[string]bool // refresh tokens that have arrived
}

// exchange is one refresh request.
type exchange struct {
	Worker    string
	At        time.Time
	Presented string // the refresh token
	Got       string // the one that replaced it
	Error     string
	Forwarded bool
}

func newGateway(t *testing.T, upstream string) *gateway {
	g := &gateway{upstream: upstream, known: map[string]bool{}}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	form, _ := url.ParseQuery(string(body))
	worker := r.Header.Get("X-Worker")
	x := exchange{Worker: worker, At: time.Now(), Presented: form.Get("refresh_token")}
	record := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.seen = append(g.seen, x)
	}
	gone := g.before != nil && g.first(x.Presented) && g.before(worker)
	if gone || r.Context().Err() != nil {
		record()
		return
	}
	x.Forwarded = true
	req, err := http.NewRequest(http.MethodPost, g.upstream, bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Header = r.Header.Clone()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		x.Error = err.Error()
		record()
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	var members struct {
		Refresh string `json:"refresh_token"`
		Error   string `json:"error"`
	}
	_ = json.Unmarshal(answer, &members)
	x.Got, x.Error = members.Refresh, members.Error
	record()
	if g.after != nil && x.Got != "" {
		g.after(worker)
	}
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(answer)
}

func (g *gateway) first(token string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	first := !g.known[token]
	g.known[token] = true
	return first
}

func (g *gateway) exchanges() []exchange {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]exchange(nil), g.seen...)
}
