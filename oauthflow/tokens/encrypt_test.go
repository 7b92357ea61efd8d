package tokens_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/oauthflow/tokens/storetest"
	"github.com/standpipe-go/standpipe/secret"
)

func sealKey(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) }

func encrypted(t *testing.T, store tokens.Store, keys ...string) *tokens.EncryptedStore {
	t.Helper()
	s, err := tokens.Encrypt(store, secret.Static(keys...))
	require.NoError(t, err)
	return s
}

func TestEncryptedStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) tokens.Store { return encrypted(t, tokens.NewMemoryStore(), sealKey(1)) })
}

// O9
func TestO9_RecordsAreSealed(t *testing.T) {
	t.Parallel()
	inner := tokens.NewMemoryStore()
	s := encrypted(t, inner, sealKey(1))
	const plain = "canary-90c1 canary-90c1"
	_, err := s.Save(t.Context(), "k", tokens.Record{Data: []byte(plain)})
	require.NoError(t, err)
	first, err := inner.Load(t.Context(), "k")
	require.NoError(t, err)
	require.NotContains(t, string(first.Data), "canary")
	_, err = s.Save(t.Context(), "k", tokens.Record{Data: []byte(plain), Version: first.Version})
	require.NoError(t, err)
	second, err := inner.Load(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, first.Data[:9], second.Data[:9], "the key ID is in front")
	require.NotEqual(t, first.Data[9:], second.Data[9:], "each time under a new nonce")
	require.NotContains(t, string(first.Data), strings.Repeat("\x01", 8))
}

// O9
func TestO9_TamperedOrSwappedRecordFailsToOpen(t *testing.T) {
	t.Parallel()
	inner := tokens.NewMemoryStore()
	s := encrypted(t, inner, sealKey(1))
	_, err := s.Save(t.Context(), "alice", tokens.Record{Data: []byte("alice's")})
	require.NoError(t, err)
	good, err := inner.Load(t.Context(), "alice")
	require.NoError(t, err)

	put := func(key string, data []byte) {
		require.NoError(t, inner.Delete(t.Context(), key))
		_, err := inner.Save(t.Context(), key, tokens.Record{Data: data})
		require.NoError(t, err)
	}
	requireCorrupt := func(key string, what string) {
		_, err := s.Load(t.Context(), key)
		require.ErrorIs(t, err, tokens.ErrCorrupt, what)
		require.NotContains(t, err.Error(), "alice's")
	}
	put("mallory", good.Data)
	requireCorrupt("mallory", "under another key")
	for i := range good.Data {
		bad := bytes.Clone(good.Data)
		bad[i] ^= 1
		put("alice", bad)
		requireCorrupt("alice", "a bit flipped")
		put("alice", good.Data[:i])
		requireCorrupt("alice", "cut short")
	}
	put("alice", append(bytes.Clone(good.Data), 0))
	requireCorrupt("alice", "longer")
	put("alice", []byte(`{"format":1,"access_token":"plain"}`))
	requireCorrupt("alice", "never sealed")
	put("alice", good.Data)
	r, err := s.Load(t.Context(), "alice")
	require.NoError(t, err)
	require.Equal(t, "alice's", string(r.Data))
}

// O9
func TestO9_KeysRotate(t *testing.T) {
	t.Parallel()
	inner := tokens.NewMemoryStore()
	old, both, only := encrypted(t, inner, sealKey(1)), encrypted(t, inner, sealKey(2), sealKey(1)), encrypted(t, inner, sealKey(2))
	for _, key := range []string{"a", "b", "c"} {
		_, err := old.Save(t.Context(), key, tokens.Record{Data: []byte(key)})
		require.NoError(t, err)
		_, err = only.Load(t.Context(), key)
		require.ErrorIs(t, err, tokens.ErrCorrupt, "an unknown key")
	}
	r, err := both.Load(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "a", string(r.Data))
	_, err = both.Save(t.Context(), "a", r) // sealed with the newest
	require.NoError(t, err)
	_, err = only.Load(t.Context(), "a")
	require.NoError(t, err)
	_, err = old.Load(t.Context(), "a")
	require.ErrorIs(t, err, tokens.ErrCorrupt)

	_, err = inner.Save(t.Context(), "broken", tokens.Record{Data: []byte("broken")})
	require.NoError(t, err)
	n, err := both.Reseal(t.Context())
	require.Equal(t, 2, n)
	require.ErrorIs(t, err, tokens.ErrCorrupt, "it says which it could not open")
	require.ErrorContains(t, err, `"broken"`)
	for _, key := range []string{"a", "b", "c"} {
		r, err := only.Load(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, key, string(r.Data))
	}
	require.NoError(t, inner.Delete(t.Context(), "broken"))
	n, err = both.Reseal(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}

// O9, X3: while processes get a new key one after the other, each opens what another has
// sealed, at every step that the documentation names.
func TestO9_ARotationInStepsFailsNobody(t *testing.T) {
	t.Parallel()
	inner := tokens.NewMemoryStore()
	steps := []*tokens.EncryptedStore{
		encrypted(t, inner, sealKey(1)), encrypted(t, inner, sealKey(1), sealKey(2)),
		encrypted(t, inner, sealKey(2), sealKey(1)), encrypted(t, inner, sealKey(2)),
	}
	save := func(s *tokens.EncryptedStore, key string) {
		_, err := s.Save(t.Context(), key, tokens.Record{Data: []byte(key)})
		require.NoError(t, err)
	}
	save(steps[0], "a")
	for i, key := range []string{"b", "c", "d"} {
		before, after := steps[i], steps[i+1]
		save(before, key+"1")
		if i == 2 {
			_, err := before.Reseal(t.Context())
			require.NoError(t, err)
		}
		save(after, key+"2")
		for stored, err := range inner.Keys(t.Context(), "") {
			require.NoError(t, err)
			for _, s := range []*tokens.EncryptedStore{before, after} {
				_, err := s.Load(t.Context(), stored)
				require.NoError(t, err, "%s at step %d", stored, i)
			}
		}
	}
}

// O9: the manager is at work while its key is rotated and records are resealed.
func TestO9_RotationUnderLoad(t *testing.T) {
	t.Parallel()
	inner := tokens.NewMemoryStore()
	both := encrypted(t, inner, sealKey(2), sealKey(1))
	old := newManager(t, encrypted(t, inner, sealKey(1)), tokens.Grant(nil))
	m := newManager(t, both, tokens.Grant(nil))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 50 {
				if err := old.Put(t.Context(), string(rune('a'+i%5)), &oauth2.Token{AccessToken: "x"}); err != nil && !errors.Is(err, tokens.ErrCorrupt) {
					t.Errorf("put: %v", err)
				}
				if _, err := both.Reseal(t.Context()); err != nil {
					t.Errorf("reseal: %v", err)
				}
			}
		})
	}
	wg.Wait()
	_, err := both.Reseal(t.Context())
	require.NoError(t, err)
	for i := range 5 {
		_, err := m.Token(t.Context(), string(rune('a'+i)))
		require.NoError(t, err)
	}
}

// emptySource is a source that yields nothing and does not say so.
type emptySource struct{}

func (emptySource) Secrets(context.Context) ([]secret.Value, error) { return nil, nil }

// X2
func TestX2_EncryptRefusesNoKeys(t *testing.T) {
	t.Parallel()
	_, err := tokens.Encrypt(tokens.NewMemoryStore(), emptySource{})
	require.ErrorIs(t, err, secret.ErrNone)
	require.ErrorContains(t, err, "encryption keys")
}

// X2
func TestX2_EncryptRefusesBadKeys(t *testing.T) {
	t.Parallel()
	store := tokens.NewMemoryStore()
	for name, keys := range map[string]secret.Source{
		"nil":       nil,
		"none":      secret.Static(),
		"blank":     secret.Static(""),
		"short":     secret.Static(base64.StdEncoding.EncodeToString(make([]byte, 16))),
		"long":      secret.Static(base64.StdEncoding.EncodeToString(make([]byte, 33))),
		"raw":       secret.Static(strings.Repeat("k", 32)),
		"url":       secret.Static(base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32))),
		"unpadded":  secret.Static(strings.TrimRight(sealKey(1), "=")),
		"tail bits": secret.Static(strings.TrimRight(sealKey(1), "=")[:42] + "F="),
		"newline":   secret.Static(sealKey(1)[:10] + "\n" + sealKey(1)[10:]),
		"older one": secret.Static(sealKey(1), "bad"),
		"func": secret.Func(func(context.Context) ([]secret.Value, error) {
			return nil, errors.New("vault is sealed")
		}),
	} {
		_, err := tokens.Encrypt(store, keys)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), sealKey(1)[:20])
	}
	_, err := tokens.Encrypt(nil, secret.Static(sealKey(1)))
	require.Error(t, err)
}

// O9: keys that cannot be had for a while fail a call and lose nothing.
func TestO9_KeysUnavailable(t *testing.T) {
	t.Parallel()
	down := false
	s, err := tokens.Encrypt(tokens.NewMemoryStore(), secret.Func(func(context.Context) ([]secret.Value, error) {
		if down {
			return nil, errors.New("vault is sealed")
		}
		return []secret.Value{secret.New(sealKey(1))}, nil
	}))
	require.NoError(t, err)
	v, err := s.Save(t.Context(), "k", tokens.Record{Data: []byte("x")})
	require.NoError(t, err)
	down = true
	_, err = s.Load(t.Context(), "k")
	require.ErrorContains(t, err, "vault is sealed")
	require.NotErrorIs(t, err, tokens.ErrCorrupt)
	_, err = s.Save(t.Context(), "k", tokens.Record{Data: []byte("y"), Version: v})
	require.ErrorContains(t, err, "vault is sealed")
	down = false
	r, err := s.Load(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "x", string(r.Data))
}

// X1
func TestX1_EncryptedStorePrintsNoKey(t *testing.T) {
	t.Parallel()
	inner := tokens.NewMemoryStore()
	s := encrypted(t, inner, sealKey(7))
	_, err := s.Save(t.Context(), "k", tokens.Record{Data: []byte("canary-6a6a")})
	require.NoError(t, err)
	require.NoError(t, inner.Delete(t.Context(), "k"))
	_, err = inner.Save(t.Context(), "k", tokens.Record{Data: []byte("\x01canary-77")})
	require.NoError(t, err)
	_, err = s.Load(t.Context(), "k")
	require.Error(t, err)
	for _, canary := range []string{sealKey(7), "canary-6a6a", "canary-77", strings.Repeat("\x07", 32)} {
		requireNoTrace(t, canary, s, err)
	}
}

// L2
func FuzzSealedRecord(f *testing.F) {
	inner := tokens.NewMemoryStore()
	s, err := tokens.Encrypt(inner, secret.Static(sealKey(1), sealKey(2)))
	require.NoError(f, err)
	_, err = s.Save(f.Context(), "k", tokens.Record{Data: []byte("plain")})
	require.NoError(f, err)
	good, err := inner.Load(f.Context(), "k")
	require.NoError(f, err)
	f.Add(good.Data)
	f.Add([]byte{})
	f.Add(good.Data[:9])
	f.Add([]byte(`{"format":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		inner := tokens.NewMemoryStore()
		s, err := tokens.Encrypt(inner, secret.Static(sealKey(1), sealKey(2)))
		require.NoError(t, err)
		_, err = inner.Save(t.Context(), "k", tokens.Record{Data: data})
		require.NoError(t, err)
		r, err := s.Load(t.Context(), "k")
		if err != nil {
			require.ErrorIs(t, err, tokens.ErrCorrupt)
			require.Nil(t, r.Data)
			return
		}
		// Each fuzzing process seals with a nonce of its own, so the bytes differ.
		require.Equal(t, "plain", string(r.Data), "only what was sealed opens")
		require.Len(t, data, len(good.Data))
	})
}

// L2: whatever a store yields, the manager answers with a token or a typed error.
func FuzzTokenRecord(f *testing.F) {
	inner := tokens.NewMemoryStore()
	m, err := tokens.New(inner, tokens.Grant(nil))
	require.NoError(f, err)
	require.NoError(f, m.Put(f.Context(), "k", (&oauth2.Token{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(time.Hour)}).WithExtra(map[string]any{"scope": "x"})))
	good, err := inner.Load(f.Context(), "k")
	require.NoError(f, err)
	f.Add(good.Data)
	f.Add([]byte(`{"format":1,"access_token":"a"}`))
	f.Add([]byte(`{"format":2,"access_token":"a"}`))
	f.Add([]byte(`{"format":1,"refresh_token":"r","refresh":{"first":"2026-01-01T00:00:00Z","beat":"2026-01-01T00:00:00Z","failed":3,"unanswered":2,"not_before":"2026-01-01T00:00:00Z","reason":"x"}}`))
	f.Add([]byte(`{"format":1,"refresh_token":"r","refresh":{"owner":"x","first":"2026-01-01T00:00:00Z","beat":"2026-01-01T00:00:00Z"},"dead":{"at":"2026-01-01T00:00:00Z","code":"invalid_grant"}}`))
	f.Add([]byte(`{"format":1,"refresh_token":"r","refresh":{"failed":-1,"first":"2026-01-01T00:00:00Z","beat":"2026-01-01T00:00:00Z"}}`))
	f.Add([]byte(``))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		store := tokens.NewMemoryStore()
		_, err := store.Save(t.Context(), "k", tokens.Record{Data: data})
		require.NoError(t, err)
		m, err := tokens.New(store, refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			return &oauth2.Token{AccessToken: "new"}, nil
		}), tokens.WithLease(time.Millisecond), tokens.WithTimeout(time.Millisecond))
		require.NoError(t, err)
		tok, err := m.Token(t.Context(), "k")
		if err == nil {
			require.NotEmpty(t, tok.AccessToken)
			require.NoError(t, m.Shutdown(t.Context()))
			return
		}
		_, store1 := errors.AsType[*tokens.StoreError](err)
		_, reauth := errors.AsType[*tokens.ReauthError](err)
		_, refresh := errors.AsType[*tokens.RefreshError](err)
		require.True(t, store1 || reauth || refresh, "%T: %v", err, err)
		require.NoError(t, m.Shutdown(t.Context()))
	})
}
