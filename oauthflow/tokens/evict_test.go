package tokens_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// What is in use is never evicted, and who holds what was evicted finds the key again.
func TestManager_Eviction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &heldLoad{MemoryStore: tokens.NewMemoryStore()}
		m := newManager(t, store, refresherFunc(nil))
		require.NoError(t, m.Put(t.Context(), userKey, signIn("a")))

		tok, err := tokens.TokenOfEvicted(t.Context(), m, userKey)
		require.NoError(t, err)
		require.Equal(t, "at-a", tok.AccessToken)
		require.NoError(t, m.Put(t.Context(), userKey, signIn("b")))
		tok, err = tokens.TokenOfEvicted(t.Context(), m, userKey)
		require.NoError(t, err)
		require.Equal(t, "at-b", tok.AccessToken)
		src := m.Source(userKey)
		_, err = src.Token()
		require.NoError(t, err)
		require.False(t, tokens.Evict(m, userKey, true))
		require.True(t, tokens.Evict(m, userKey, false))
		require.NoError(t, m.Put(t.Context(), userKey, signIn("c")))
		tok, err = src.Token()
		require.NoError(t, err)
		require.Equal(t, "at-c", tok.AccessToken, "what was evicted hands out nothing more")

		// Nor while a flight is out for it, however long that takes.
		require.True(t, tokens.Evict(m, userKey, false))
		hold := make(chan struct{})
		store.next(hold)
		go func() { _, _ = m.Token(t.Context(), userKey) }()
		synctest.Wait()
		require.False(t, tokens.Evict(m, userKey, false))
		require.Equal(t, 1, tokens.MakeRoom(m, userKey, time.Hour, 1))
		close(hold)
		synctest.Wait()

		// Ten idle minutes, or no room.
		require.Equal(t, 1, tokens.MakeRoom(m, userKey, 10*time.Minute, 2))
		require.Equal(t, 0, tokens.MakeRoom(m, userKey, 10*time.Minute+1, 2))
		_, err = m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, 0, tokens.MakeRoom(m, userKey, 0, 1))
	})
}
