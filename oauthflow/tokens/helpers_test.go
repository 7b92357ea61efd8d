package tokens_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

const userKey = "user:42/test"

// authServer is an authorization server in memory and its client "web".
func authServer(t *testing.T, cfg oauthtest.Config) (*oauthtest.Server, *oauthflow.Client) {
	t.Helper()
	srv := oauthtest.New(cfg)
	client, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
	require.NoError(t, err)
	return srv, client
}

// newManager returns a manager that is shut down at the end of the test.
func newManager(t *testing.T, store tokens.Store, r tokens.Refresher, opts ...tokens.Option) *tokens.Manager {
	t.Helper()
	m, err := tokens.New(store, r, opts...)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, m.Shutdown(ctx))
	})
	return m
}

// signedIn is a manager over a store that holds alice's token.
func signedIn(t *testing.T, srv *oauthtest.Server, store tokens.Store, r tokens.Refresher, opts ...tokens.Option) (*tokens.Manager, *oauth2.Token) {
	t.Helper()
	m := newManager(t, store, r, opts...)
	first := srv.Issue("web", "alice", "read")
	require.NoError(t, m.Put(t.Context(), userKey, first))
	return m, first
}

// refreshes counts the refresh requests that reached the server's logic.
func refreshes(srv *oauthtest.Server) int {
	n := 0
	for _, r := range srv.Requests() {
		if r.GrantType == "refresh_token" {
			n++
		}
	}
	return n
}

// counted counts requests to a refresher, answered or not.
type counted struct {
	tokens.Refresher
	mu   sync.Mutex
	sent []string // the refresh tokens
	at   []time.Time
}

func (c *counted) Refresh(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
	c.mu.Lock()
	c.sent = append(c.sent, tok.RefreshToken)
	c.at = append(c.at, time.Now())
	c.mu.Unlock()
	return c.Refresher.Refresh(ctx, tok)
}

func (c *counted) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sent)
}

func (c *counted) times() []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Time(nil), c.at...)
}

type refresherFunc func(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error)

func (f refresherFunc) Refresh(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
	return f(ctx, tok)
}

// faultyStore is a store that can be told to misbehave.
type faultyStore struct {
	tokens.Store
	mu     sync.Mutex
	onLoad func(ctx context.Context) error
	onSave func(ctx context.Context) error // before it
	saved  func() error                    // after it
	loads  int
	saves  int
}

func (s *faultyStore) hooks() (load, save func(context.Context) error, saved func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.onLoad, s.onSave, s.saved
}

func (s *faultyStore) set(load, save func(context.Context) error, saved func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onLoad, s.onSave, s.saved = load, save, saved
}

// stopped makes s that of a process which the machine has stopped until wake: its mark
// is stored, and no sign of life after it.
func (s *faultyStore) stopped(wake <-chan struct{}) {
	saves := 0
	s.set(nil, func(context.Context) error {
		if saves++; saves > 1 {
			select {
			case <-wake:
			default:
				return errDatabase
			}
		}
		return nil
	}, nil)
}

func (s *faultyStore) Load(ctx context.Context, key string) (tokens.Record, error) {
	s.mu.Lock()
	s.loads++
	s.mu.Unlock()
	if f, _, _ := s.hooks(); f != nil {
		if err := f(ctx); err != nil {
			return tokens.Record{}, err
		}
	}
	return s.Store.Load(ctx, key)
}

func (s *faultyStore) Save(ctx context.Context, key string, r tokens.Record) (int64, error) {
	s.mu.Lock()
	s.saves++
	s.mu.Unlock()
	_, f, saved := s.hooks()
	if f != nil {
		if err := f(ctx); err != nil {
			return 0, err
		}
	}
	v, err := s.Store.Save(ctx, key, r)
	if err == nil && saved != nil {
		if err := saved(); err != nil {
			return 0, err
		}
	}
	return v, err
}

func (s *faultyStore) loadCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loads
}

var errDatabase = errors.New("database is on fire")

func broken(context.Context) error { return errDatabase }

// requireNoTrace prints values in every way and looks for a secret in every form.
func requireNoTrace(t *testing.T, secret string, values ...any) {
	t.Helper()
	quoted, err := json.Marshal(secret)
	require.NoError(t, err)
	forms := []string{
		secret, url.QueryEscape(secret), string(quoted[1 : len(quoted)-1]), fmt.Sprint([]byte(secret)), fmt.Sprintf("%x", secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	for _, v := range values {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Error("test", "value", v)
		}
		data, _ := json.Marshal(v)
		out.Write(data)
		func() {
			defer func() { fmt.Fprint(&out, recover()) }()
			panic(fmt.Sprint(v))
		}()
		if err, ok := v.(error); ok {
			walkErrors(err, func(err error) { fmt.Fprintf(&out, "%v %+v %#v\n", err, err, err) })
		}
		for _, form := range forms {
			require.False(t, strings.Contains(out.String(), form), "%T shows the secret as %q", v, form)
		}
	}
}

// walkErrors visits what a printer that follows Unwrap would show.
func walkErrors(err error, visit func(error)) {
	if err == nil {
		return
	}
	visit(err)
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		walkErrors(u.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			walkErrors(e, visit)
		}
	}
}
