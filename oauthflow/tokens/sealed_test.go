package tokens_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// O9: what is too short, of another format, or of an unknown key says so, with the
// record's version, and each edge of the header counts.
func TestO9_WhySealedRecordsDoNotOpen(t *testing.T) {
	t.Parallel()
	inner := tokens.NewMemoryStore()
	s := encrypted(t, inner, sealKey(1), sealKey(2))
	version, err := s.Save(t.Context(), "k", tokens.Record{Data: nil})
	require.NoError(t, err)
	r, err := s.Load(t.Context(), "k")
	require.NoError(t, err)
	require.Empty(t, r.Data)
	good, err := inner.Load(t.Context(), "k")
	require.NoError(t, err)
	const header = 9
	for says, data := range map[string][]byte{
		"unknown format": good.Data[:header-1], "of another key or tampered": good.Data[:header], "tampered with": good.Data[:len(good.Data)-1],
		"empty": {}, "format 0": append([]byte{0}, good.Data[1:]...), "format 2": append([]byte{2}, good.Data[1:]...),
		"which is not configured": append([]byte{1, 1, 2, 3, 4, 5, 6, 7, 8}, good.Data[header:]...),
		"longer":                  append(bytes.Clone(good.Data), 0),
	} {
		version, err = inner.Save(t.Context(), "k", tokens.Record{Data: data, Version: version})
		require.NoError(t, err)
		r, err = s.Load(t.Context(), "k")
		require.ErrorIs(t, err, tokens.ErrCorrupt, says)
		require.Equal(t, tokens.Record{Version: version}, r)
		switch says {
		case "unknown format", "tampered with", "which is not configured":
			require.ErrorContains(t, err, says)
		case "empty", "format 0", "format 2":
			require.ErrorContains(t, err, "unknown format", says)
		default:
			require.ErrorContains(t, err, "tampered with", says)
		}
	}
}

// O9: Reseal counts what it has sealed, joins what it could not, and ends with its
// listing.
func TestO9_WhatResealReports(t *testing.T) {
	t.Parallel()
	inner := &scripted{MemoryStore: tokens.NewMemoryStore(), at: map[int]func() error{}}
	old := encrypted(t, inner.MemoryStore, sealKey(1))
	for _, key := range []string{"a", "b", "d"} {
		_, err := old.Save(t.Context(), key, tokens.Record{Data: []byte(key)})
		require.NoError(t, err)
	}
	_, err := inner.MemoryStore.Save(t.Context(), "c", tokens.Record{Data: []byte("junk")})
	require.NoError(t, err)
	s := encrypted(t, inner, sealKey(2), sealKey(1))
	// The steps are: load a, save a, load b, save b (which loses to somebody), load b,
	// save b, load c, load d, save d.
	inner.at[4] = func() error { return tokens.ErrConflict }
	inner.at[9] = func() error { return errDatabase }
	n, err := s.Reseal(t.Context())
	require.Equal(t, 2, n)
	require.ErrorIs(t, err, tokens.ErrCorrupt)
	require.ErrorIs(t, err, errDatabase)
	require.ErrorContains(t, err, `tokens: reseal "c"`)
	require.ErrorContains(t, err, `tokens: reseal "d"`)
	require.NoError(t, inner.MemoryStore.Delete(t.Context(), "c"))
	n, err = s.Reseal(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = s.Reseal(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
	inner.at[inner.steps+1] = func() error { return tokens.ErrNotFound } // deleted since it was listed
	_, err = s.Reseal(t.Context())
	require.NoError(t, err)

	for _, err := range s.Keys(ended(t), "") {
		require.ErrorIs(t, err, context.Canceled)
	}
	n, err = s.Reseal(ended(t))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "tokens: reseal: ")
	require.Zero(t, n)
	_, err = encrypted(t, plainStore{inner}, sealKey(1)).Reseal(t.Context())
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorIs(t, encrypted(t, plainStore{inner}, sealKey(1)).DeleteVersion(t.Context(), "a", 1), errors.ErrUnsupported)
}
