package client

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

type releases struct{ keys []string }

func (r *releases) Release(key string) { r.keys = append(r.keys, key) }

// A slot is given back once, whatever its ends and in which order they come.
func TestASlotIsGivenBackOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &releases{}
		ctx, cancel := context.WithCancel(t.Context())
		s := &slot{limits: r, key: "k", held: true}
		s.until(ctx)
		require.NoError(t, s.end())
		cancel()
		synctest.Wait()
		require.NoError(t, s.end())
		require.Equal(t, []string{"k"}, r.keys)

		s.resume()
		require.Equal(t, []string{"k", "k"}, r.keys, "a slot that was taken for a request that has ended meanwhile")
		s.leave()
		require.Len(t, r.keys, 2)

		s = &slot{limits: r, key: "other", held: true}
		s.leave()
		s.leave()
		s.resume()
		require.NoError(t, s.end())
		require.Equal(t, []string{"k", "k", "other", "other"}, r.keys)

		s = nil
		s.leave()
		s.resume()
	})
}
