package secret_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
)

func reveal(t *testing.T, src secret.Source) []string {
	t.Helper()
	vs, err := src.Secrets(t.Context())
	require.NoError(t, err)
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = v.Reveal()
	}
	return out
}

// X2: an empty or blank secret is an error at construction, of whatever uses it.
func TestX2_BlankIsAnErrorAtConstruction(t *testing.T) {
	t.Setenv("SECRET_TEST_BLANK", " \n")
	t.Setenv("SECRET_TEST_EMPTY", "")
	t.Setenv("SECRET_TEST_NEWLINE", "\n")
	t.Setenv("SECRET_TEST_GOOD", "good")
	for name, tt := range map[string]struct {
		src  secret.Source
		want error
	}{
		"nil":                       {nil, secret.ErrNone},
		"static, none":              {secret.Static(), secret.ErrNone},
		"static, empty":             {secret.Static(""), secret.ErrBlank},
		"static, blank":             {secret.Static(" \t\r\n"), secret.ErrBlank},
		"static, second blank":      {secret.Static(canary, ""), secret.ErrBlank},
		"env, none":                 {secret.Env(), secret.ErrNone},
		"env, unset":                {secret.Env("SECRET_TEST_UNSET"), secret.ErrNone},
		"env, empty":                {secret.Env("SECRET_TEST_EMPTY"), secret.ErrBlank},
		"env, blank":                {secret.Env("SECRET_TEST_BLANK"), secret.ErrBlank},
		"env, newline alone":        {secret.Env("SECRET_TEST_NEWLINE"), secret.ErrBlank},
		"env, second unset":         {secret.Env("SECRET_TEST_GOOD", "SECRET_TEST_UNSET"), secret.ErrNone},
		"file, none":                {secret.File(), secret.ErrNone},
		"func, nil":                 {secret.Func(nil), secret.ErrNone},
		"join, none":                {secret.Join(), secret.ErrNone},
		"join, nil":                 {secret.Join(secret.Static("x"), nil), secret.ErrNone},
		"join, second blank":        {secret.Join(secret.Static(canary), secret.Static("")), secret.ErrBlank},
		"cache of nil":              {secret.Cache(nil, 1), secret.ErrNone},
		"cache of blank":            {secret.Cache(secret.Static(""), 1), secret.ErrBlank},
		"cache of a cache of blank": {secret.Cache(secret.Cache(secret.Static(""), 1), 1), secret.ErrBlank},
	} {
		err := secret.Check(tt.src)
		require.ErrorIs(t, err, tt.want, name)
		requireHidden(t, err.Error(), name)
		if tt.src == nil {
			continue
		}
		vs, err := tt.src.Secrets(t.Context())
		require.ErrorIs(t, err, tt.want, "%s: nor does it work in use", name)
		require.Empty(t, vs, name)
	}
	require.Error(t, secret.Check(secret.Cache(secret.Static("x"), 0)))
	require.Error(t, secret.Check(secret.Cache(secret.Static("x"), -1)))
	require.NoError(t, secret.Check(secret.Static("x")))
	require.NoError(t, secret.Check(secret.Env("SECRET_TEST_GOOD")))
	require.NoError(t, secret.Check(secret.Cache(secret.Env("SECRET_TEST_GOOD"), 1)))
}

func TestStaticTakesValuesAsTheyAre(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"new\n", " old"}, reveal(t, secret.Static("new\n", " old")))
}

// X2: one trailing newline is trimmed.
func TestX2_EnvTrimsOneTrailingNewline(t *testing.T) {
	for set, want := range map[string]string{
		"k": "k", "k\n": "k", "k\r\n": "k", "k\n\n": "k\n", "k\r": "k\r", "\nk": "\nk", " k ": " k ",
	} {
		t.Setenv("SECRET_TEST_TRIM", set)
		require.Equal(t, []string{want}, reveal(t, secret.Env("SECRET_TEST_TRIM")), "%q", set)
	}
}

// X3: a variable that was emptied is no rotation; the last good value does not serve on.
func TestX3_EnvThatWasEmptiedIsAnError(t *testing.T) {
	t.Setenv("SECRET_TEST_NEW", "n1")
	t.Setenv("SECRET_TEST_OLD", "o1")
	src := secret.Env("SECRET_TEST_NEW", "SECRET_TEST_OLD")
	require.Equal(t, []string{"n1", "o1"}, reveal(t, src))
	t.Setenv("SECRET_TEST_NEW", "")
	_, err := src.Secrets(t.Context())
	require.ErrorIs(t, err, secret.ErrBlank)
	t.Setenv("SECRET_TEST_NEW", "n3")
	require.Equal(t, []string{"n3", "o1"}, reveal(t, src))
}

func TestEnvDoesNotAllocateWhileUnchanged(t *testing.T) {
	t.Setenv("SECRET_TEST_ALLOC", "k\n")
	src, ctx := secret.Env("SECRET_TEST_ALLOC"), t.Context()
	reveal(t, src)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := secret.Current(ctx, src); err != nil {
			t.Error(err)
		}
	}))
}

func TestFuncIsHeldToTheContract(t *testing.T) {
	t.Parallel()
	down := errors.New("vault is sealed")
	for name, tt := range map[string]struct {
		values []secret.Value
		err    error
		want   error
	}{
		"none":   {nil, nil, secret.ErrNone},
		"blank":  {[]secret.Value{secret.New(canary), secret.New(" ")}, nil, secret.ErrBlank},
		"zero":   {[]secret.Value{{}}, nil, secret.ErrBlank},
		"failed": {[]secret.Value{secret.New(canary)}, down, down},
	} {
		src := secret.Func(func(context.Context) ([]secret.Value, error) { return tt.values, tt.err })
		require.NoError(t, secret.Check(src), "it cannot tell in advance")
		vs, err := src.Secrets(t.Context())
		require.ErrorIs(t, err, tt.want, name)
		require.Nil(t, vs, name)
		requireHidden(t, err.Error(), name)
		_, err = secret.Current(t.Context(), src)
		require.ErrorIs(t, err, tt.want, name)
	}
}

// careless breaks the contract of Source.
type careless struct{ values []secret.Value }

func (c careless) Secrets(context.Context) ([]secret.Value, error) { return c.values, nil }

func TestCurrent(t *testing.T) {
	t.Parallel()
	v, err := secret.Current(t.Context(), secret.Static("new", "old"))
	require.NoError(t, err)
	require.Equal(t, "new", v.Reveal())
	_, err = secret.Current(t.Context(), careless{})
	require.ErrorIs(t, err, secret.ErrNone)
	_, err = secret.Current(t.Context(), careless{[]secret.Value{{}}})
	require.ErrorIs(t, err, secret.ErrBlank)
	_, err = secret.Join(careless{}, careless{}).Secrets(t.Context())
	require.ErrorIs(t, err, secret.ErrNone)
	_, err = secret.Current(t.Context(), nil)
	require.ErrorIs(t, err, secret.ErrNone)
}

type refreshed struct {
	secret.Source
	mu    sync.Mutex
	times int
	err   error
}

func (r *refreshed) Refresh(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times++
	return r.err
}

func TestJoin(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	a, b := &refreshed{Source: secret.Static("a1", "a2")}, &refreshed{Source: secret.Static("b"), err: down}
	joined := secret.Join(a, b, secret.Static("c"))
	require.NoError(t, secret.Check(joined))
	require.Equal(t, []string{"a1", "a2", "b", "c"}, reveal(t, joined))
	require.ErrorIs(t, secret.Refresh(t.Context(), joined), down)
	require.Equal(t, []int{1, 1}, []int{a.times, b.times}, "each, whatever another says")

	failing := secret.Func(func(context.Context) ([]secret.Value, error) { return nil, fmt.Errorf("read: %w", down) })
	_, err := secret.Join(a, failing).Secrets(t.Context())
	require.ErrorIs(t, err, down)
}

func TestRefreshOfWhatKeepsNothing(t *testing.T) {
	t.Parallel()
	require.NoError(t, secret.Refresh(t.Context(), secret.Static("x")))
	require.NoError(t, secret.Refresh(t.Context(), nil))
}
