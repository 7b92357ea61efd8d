package tokens_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// scripted is a store in which something happens before the given steps, each of
// which then fails if that says so.
type scripted struct {
	*tokens.MemoryStore
	mu    sync.Mutex
	steps int
	at    map[int]func() error
}

func (s *scripted) step() error {
	s.mu.Lock()
	s.steps++
	do := s.at[s.steps]
	s.mu.Unlock()
	if do == nil {
		return nil
	}
	return do()
}

func (s *scripted) Load(ctx context.Context, key string) (tokens.Record, error) {
	if err := s.step(); err != nil {
		return tokens.Record{}, err
	}
	return s.MemoryStore.Load(ctx, key)
}

func (s *scripted) Save(ctx context.Context, key string, r tokens.Record) (int64, error) {
	if err := s.step(); err != nil {
		return 0, err
	}
	return s.MemoryStore.Save(ctx, key, r)
}

func (s *scripted) DeleteVersion(ctx context.Context, key string, version int64) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.MemoryStore.DeleteVersion(ctx, key, version)
}

func (s *scripted) fails(steps ...int) {
	for _, n := range steps {
		s.at[n] = func() error { return errDatabase }
	}
}

// O3, O4, O5: whatever happens to the record between two steps of a refresh, what is
// handed out is stored, and what somebody else has stored is not overwritten. The
// steps are: look, set the mark, (refresh,) store; after invalid_grant: look again,
// record it.
func TestO5_BetweenTheStepsOfARefresh(t *testing.T) {
	dead := &oauthflow.TokenError{Op: "refresh", Status: 400, Code: "invalid_grant"}
	refused := &oauthflow.TokenError{Op: "refresh", Status: 429}
	lost := &oauthflow.TokenError{Op: "refresh", MaybeApplied: true}
	type world struct {
		store  *scripted
		signIn func(name string, life time.Duration) func() error
		remove func() error
		strip  func() error // another process sets a mark of its own
	}
	for name, tc := range map[string]struct {
		script func(w world)
		answer error
		grant  bool
		sent   int
		want   string // the access token
		is     []error
		store  string // the operation of the StoreError
	}{
		"nothing":            {func(world) {}, nil, false, 1, "at-1", nil, ""},
		"nothing, dead":      {func(world) {}, dead, false, 1, "", []error{tokens.ErrReauthorizationRequired}, ""},
		"look fails":         {func(w world) { w.store.fails(1, 2, 3) }, nil, false, 0, "", []error{errDatabase}, "load"},
		"look fails twice":   {func(w world) { w.store.fails(1, 2) }, nil, false, 1, "at-1", nil, ""},
		"mark fails":         {func(w world) { w.store.fails(2, 3, 4) }, nil, false, 0, "", []error{errDatabase}, "save"},
		"mark fails twice":   {func(w world) { w.store.fails(2, 3) }, nil, false, 1, "at-1", nil, ""},
		"sign-in at mark":    {func(w world) { w.store.at[2] = w.signIn("b", time.Hour) }, nil, false, 0, "at-b", nil, ""},
		"sign-out at mark":   {func(w world) { w.store.at[2] = w.remove }, nil, false, 0, "", []error{tokens.ErrNotFound, tokens.ErrReauthorizationRequired}, ""},
		"sign-in at store":   {func(w world) { w.store.at[3] = w.signIn("b", time.Hour) }, nil, false, 1, "at-b", nil, ""},
		"sign-out at store":  {func(w world) { w.store.at[3] = w.remove }, nil, false, 1, "", []error{tokens.ErrNotFound, tokens.ErrReauthorizationRequired}, ""},
		"grant, removed":     {func(w world) { w.store.at[3] = w.remove }, nil, true, 1, "at-1", nil, ""},
		"mark at store":      {func(w world) { w.store.at[3] = w.strip }, nil, false, 1, "at-1", nil, ""},
		"mark, look fails":   {func(w world) { w.store.at[3] = w.strip; w.store.fails(4, 5, 6) }, nil, false, 1, "at-1", nil, ""},
		"store fails":        {func(w world) { w.store.fails(3, 4, 5, 6, 7) }, nil, false, 1, "at-1", nil, ""},
		"sibling":            {func(w world) { w.store.at[3] = w.signIn("b", time.Hour) }, dead, false, 1, "at-b", nil, ""},
		"sign-out, dead":     {func(w world) { w.store.at[3] = w.remove }, dead, false, 1, "", []error{tokens.ErrNotFound}, ""},
		"dead, look fails":   {func(w world) { w.store.fails(3, 4, 5) }, dead, false, 1, "", []error{errDatabase}, "load"},
		"sibling, stale":     {func(w world) { w.store.at[3] = w.signIn("b", -time.Hour) }, dead, false, 2, "", []error{tokens.ErrReauthorizationRequired}, ""},
		"two siblings":       {func(w world) { w.store.at[3] = w.signIn("b", -time.Hour); w.store.at[6] = w.signIn("c", -time.Hour) }, dead, false, 2, "", []error{tokens.ErrRefreshInProgress}, ""},
		"sign-in, dead":      {func(w world) { w.store.at[4] = w.signIn("b", time.Hour) }, dead, false, 1, "at-b", nil, ""},
		"two sign-ins, dead": {func(w world) { w.store.at[4] = w.signIn("b", -time.Hour); w.store.at[8] = w.signIn("c", -time.Hour) }, dead, false, 2, "", []error{tokens.ErrRefreshInProgress}, ""},
		"not recorded":       {func(w world) { w.store.fails(4, 5, 6) }, dead, false, 1, "", []error{tokens.ErrReauthorizationRequired, errDatabase}, "save"},
		"refused, sign-in":   {func(w world) { w.store.at[3] = w.signIn("b", time.Hour) }, refused, false, 1, "", []error{refused}, ""},
		"refused, no record": {func(w world) { w.store.fails(3, 4, 5) }, refused, false, 1, "", []error{refused, errDatabase}, "save"},
		"lost":               {func(world) {}, lost, false, 2, "", []error{lost}, ""},
		"lost, no record":    {func(w world) { w.store.fails(3) }, lost, false, 2, "", []error{lost}, ""},
		"lost, sign-in":      {func(w world) { w.store.at[3] = w.signIn("b", time.Hour) }, lost, false, 1, "", []error{lost}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory := tokens.NewMemoryStore()
				b := newManager(t, memory, refresherFunc(nil))
				store := &scripted{MemoryStore: memory, at: map[int]func() error{}}
				tc.script(world{
					store: store,
					signIn: func(name string, life time.Duration) func() error {
						return func() error {
							return b.Put(context.Background(), userKey, &oauth2.Token{AccessToken: "at-" + name, RefreshToken: "rt-" + name, Expiry: time.Now().Add(life)})
						}
					},
					remove: func() error { return memory.Delete(context.Background(), userKey) },
					strip: func() error {
						old, err := memory.Load(context.Background(), userKey)
						require.NoError(t, err)
						_, err = memory.Save(context.Background(), userKey, old)
						return err
					},
				})
				sent := 0
				refresh := func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
					sent++
					if tc.answer != nil {
						return nil, tc.answer
					}
					return &oauth2.Token{AccessToken: "at-1", RefreshToken: "rt-1", Expiry: time.Now().Add(time.Hour)}, nil
				}
				var r tokens.Refresher = refresherFunc(refresh)
				if tc.grant {
					r = tokens.Grant(func(ctx context.Context) (*oauth2.Token, error) { return refresh(ctx, nil) })
				}
				require.NoError(t, b.Put(t.Context(), userKey, &oauth2.Token{AccessToken: "at-0", RefreshToken: "rt-0", Expiry: time.Now().Add(-time.Hour)}))
				m := newManager(t, store, r)
				tok, err := m.Token(t.Context(), userKey)
				require.Equal(t, tc.sent, sent)
				if tc.want != "" {
					require.NoError(t, err)
					require.Equal(t, tc.want, tok.AccessToken)
					stored, err := b.Token(t.Context(), userKey)
					require.NoError(t, err)
					require.Contains(t, []string{tc.want, "at-b"}, stored.AccessToken)
					gone, err := newManager(t, memory, refresherFunc(nil)).Delete(t.Context(), userKey)
					require.NoError(t, err)
					require.Equal(t, tc.want, gone.AccessToken, "it is what is stored")
					return
				}
				require.Error(t, err)
				for _, target := range tc.is {
					require.ErrorIs(t, err, target)
				}
				se, ok := errors.AsType[*tokens.StoreError](err)
				require.Equal(t, tc.store != "", ok, "%v", err)
				if ok {
					require.Equal(t, tc.store, se.Op)
				}
			})
		})
	}
}
