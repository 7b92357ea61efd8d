package compare

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// authServer is an authorization server whose refresh tokens rotate. A refresh token
// that comes a second time ends the grant (RFC 9700 §4.14.2), unless it comes within
// the grace: then it gets the same response again.
type authServer struct {
	*server
	grace time.Duration
	delay time.Duration // of each response
	lose  int           // so many responses are lost on the way back

	mu        sync.Mutex
	dead      bool
	issued    int
	refreshes int                 // that were asked for
	used      map[string]exchange // refresh tokens that have been used
	current   string
}

type exchange struct {
	at       time.Time
	response string
}

func newAuthServer() *authServer {
	a := &authServer{server: &server{ended: make(chan struct{})}, used: map[string]exchange{}, current: "refresh-0"}
	a.start(a.token)
	return a
}

func (a *authServer) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "refresh_token" {
		answerJSON(w, http.StatusBadRequest, `{"error":"invalid_request"}`)
		return
	}
	status, body, lost := a.exchange(r.PostForm.Get("refresh_token"))
	select {
	case <-time.After(a.delay):
	case <-a.ended:
		return
	}
	if lost {
		reset(w)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func (a *authServer) exchange(token string) (status int, body string, lost bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refreshes++
	lost = a.refreshes <= a.lose
	before, reused := a.used[token]
	switch {
	case a.dead:
	case token == a.current:
		a.issued++
		a.current = fmt.Sprintf("refresh-%d", a.issued)
		body = fmt.Sprintf(`{"access_token":"access-%d","token_type":"Bearer","expires_in":3600,"refresh_token":%q}`, a.issued, a.current)
		a.used[token] = exchange{time.Now(), body}
		return http.StatusOK, body, lost
	case reused && time.Since(before.at) <= a.grace:
		return http.StatusOK, before.response, lost
	case reused:
		a.dead = true
	}
	return http.StatusBadRequest, `{"error":"invalid_grant"}`, lost
}

// gave reports whether the server has given out the access token since it began.
func (a *authServer) gave(token string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.issued {
		if token == fmt.Sprintf("access-%d", i+1) {
			return true
		}
	}
	return false
}

// state is how often a refresh was asked for, and whether the grant is still alive.
func (a *authServer) state() (refreshes int, alive bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refreshes, !a.dead
}

func (a *authServer) grant() Grant {
	return Grant{
		TokenURL: a.http.URL + "/token", ClientID: "client-1", ClientSecret: "client-secret",
		AccessToken: "access-0", RefreshToken: "refresh-0",
	}
}
