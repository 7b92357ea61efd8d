package kept_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/on/internal/kept"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// store is a secret store that says what a test wants it to.
type store struct {
	value   string
	version int64
	err     error
	asked   int
}

func (s *store) ask(context.Context) ([]secret.Value, int64, error) {
	s.asked++
	if s.err != nil {
		return nil, 0, s.err
	}
	return []secret.Value{secret.New(s.value)}, s.version, nil
}

func (s *store) source() secret.Source {
	return kept.Source(kept.Origin{Place: `store: "key"`, Parts: []string{"store", "key"}, Ask: s.ask, Interval: time.Minute, Grace: time.Hour})
}

func reveal(t *testing.T, src secret.Source) string {
	t.Helper()
	values, err := src.Secrets(t.Context())
	require.NoError(t, err)
	require.Len(t, values, 1)
	return values[0].Reveal()
}

// A store that is away is stood in for until the grace is over, and no longer.
func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{value: "canary", version: 1}
		src := s.source()
		for range 3 {
			require.Equal(t, "canary", reveal(t, src))
		}
		require.Equal(t, 1, s.asked)
		s.err = client.ErrUnavailable
		time.Sleep(time.Hour - time.Second)
		require.Equal(t, "canary", reveal(t, src))
		require.Equal(t, 2, s.asked)
		time.Sleep(time.Minute)
		_, err := src.Secrets(t.Context())
		require.ErrorIs(t, err, client.ErrUnavailable)
		require.ErrorContains(t, err, `store: "key": `)
		require.NotContains(t, fmt.Sprintf("%+v", err), "canary")
		s.err, s.value = nil, "another"
		time.Sleep(time.Minute)
		require.Equal(t, "another", reveal(t, src))
	})
}

// What the store has refused does not come back when it is away later.
func TestARefusalIsForGood(t *testing.T) {
	for _, no := range []error{kept.ErrGone, client.ErrNotFound, client.ErrForbidden, client.ErrUnauthorized, client.ErrBadRequest} {
		synctest.Test(t, func(t *testing.T) {
			s := &store{value: "canary", version: 7}
			src := s.source()
			require.Equal(t, "canary", reveal(t, src))
			for _, err := range []error{no, client.ErrUnavailable} {
				s.err = err
				time.Sleep(time.Minute)
				_, got := src.Secrets(t.Context())
				require.ErrorIs(t, got, err)
			}
			s.err, s.value, s.version = nil, "anew", 1
			time.Sleep(time.Minute)
			require.Equal(t, "anew", reveal(t, src), "versions begin again")
		})
	}
}

// A replica that lags does not bring back what was replaced; after a minute an older
// version is a secret that was made anew.
func TestAnOlderVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{value: "new", version: 2}
		src := kept.Source(kept.Origin{Place: "store", Ask: s.ask, Interval: time.Second})
		require.Equal(t, "new", reveal(t, src))
		s.value, s.version = "old", 1
		time.Sleep(59 * time.Second)
		require.Equal(t, "new", reveal(t, src))
		time.Sleep(time.Second)
		require.Equal(t, "old", reveal(t, src))
	})
}

// What is wrong with a place is said before anybody is asked.
func TestABadPlace(t *testing.T) {
	bad := errors.New("it has no name")
	s := &store{}
	src := kept.Source(kept.Origin{Place: "store", Bad: bad, Ask: s.ask, Interval: time.Minute})
	require.ErrorIs(t, secret.Check(src), bad)
	_, err := src.Secrets(t.Context())
	require.ErrorIs(t, err, bad)
	require.Zero(t, s.asked)
}

// A member is text, and is not blank. No error shows what is there.
func TestValue(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":"x"}`: "", `{"a":7,"key":"canary"}`: "canary", "": "no JSON object", "canary": "no JSON object", `["canary"]`: "no JSON object",
		`{}`: `no field "key"`, `{"key":7}`: "no text", `{"key":null}`: "no text", `{"key":{"canary":1}}`: "no text", `{"key":" "}`: "blank",
	} {
		field := "key"
		if want == "" {
			field = ""
		}
		value, err := kept.Value(text, field)
		switch want {
		case "":
			require.NoError(t, err)
			require.Equal(t, text, value.Reveal(), "all of it")
		case "canary":
			require.NoError(t, err)
			require.Equal(t, want, value.Reveal())
		default:
			require.ErrorIs(t, err, kept.ErrGone, text)
			require.ErrorContains(t, err, want, text)
			require.NotContains(t, err.Error(), "canary")
		}
	}
	_, err := kept.Value(" \n", "")
	require.ErrorIs(t, err, secret.ErrBlank)
}

// Versions that are gone are left out; a failure is not.
func TestOlder(t *testing.T) {
	get := func(version int64) (secret.Value, error) {
		switch version {
		case 3:
			return secret.Value{}, kept.ErrGone
		case 1:
			return secret.Value{}, client.ErrUnavailable
		}
		return secret.New(fmt.Sprint("v", version)), nil
	}
	missing := func(err error) bool { return errors.Is(err, kept.ErrGone) }
	values, err := kept.Older(secret.New("v4"), 4, 3, get, missing)
	require.NoError(t, err)
	require.Len(t, values, 2)
	require.Equal(t, "v2", values[1].Reveal())
	_, err = kept.Older(secret.New("v4"), 4, 10, get, missing)
	require.ErrorIs(t, err, client.ErrUnavailable)
	values, err = kept.Older(secret.New("v1"), 1, 10, get, missing)
	require.NoError(t, err)
	require.Len(t, values, 1, "there is none before the first")
	for _, n := range []int{-1, kept.MaxVersions + 1} {
		_, err := kept.Versions(n)
		require.Error(t, err)
	}
	n, err := kept.Versions(0)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}
