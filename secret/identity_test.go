package secret_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
)

// C36: sources of one secret have one identity, which tells nothing about it.
func TestC36_SourcesOfOneSecretAreOne(t *testing.T) {
	t.Parallel()
	identity := func(src secret.Source) string {
		i, ok := src.(interface{ Identity() string })
		if !ok {
			return ""
		}
		return i.Identity()
	}
	unknown := secret.Func(func(context.Context) ([]secret.Value, error) { return nil, nil })
	here := filepath.Join(t.TempDir(), "key")
	for name, tt := range map[string]struct {
		a, b secret.Source
		same bool
	}{
		"one value":              {secret.Static(canary), secret.Static(canary), true},
		"two values":             {secret.Static(canary), secret.Static(canary + "2"), false},
		"one value, another old": {secret.Static(canary), secret.Static(canary, "old"), true},
		"old and new":            {secret.Static(canary, "old"), secret.Static("old", canary), false},
		"one variable":           {secret.Env("A"), secret.Env("A"), true},
		"two variables":          {secret.Env("A"), secret.Env("B"), false},
		"variables split":        {secret.Env("A", "B"), secret.Env("A"), false},
		"one file":               {secret.File(here), secret.File(here), true},
		"two files":              {secret.File(here), secret.File(here + "2"), false},
		"a file and a variable":  {secret.File("A"), secret.Env("A"), false},
		"a value and a variable": {secret.Static("A"), secret.Env("A"), false},
		"behind a cache":         {secret.Cache(secret.Static(canary), time.Hour), secret.Static(canary), true},
		"behind two caches":      {secret.Cache(secret.Cache(secret.Env("A"), time.Hour), time.Minute), secret.Env("A"), true},
	} {
		require.NotEmpty(t, identity(tt.a), name)
		require.Equal(t, tt.same, identity(tt.a) == identity(tt.b), name)
		requireHidden(t, identity(tt.a), name)
		require.Len(t, identity(tt.a), 32, name)
	}
	for name, src := range map[string]secret.Source{
		"a function": unknown, "a cache of one": secret.Cache(unknown, time.Hour), "nothing": secret.Static(), "a blank": secret.Static(" "),
	} {
		require.Empty(t, identity(src), name)
	}
}

// C17: what a process keeps for the next one is found again by the place of a secret,
// and never by the secret.
func TestC17_TheIdentityOfAPlaceOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	for want, src := range map[string]secret.Source{
		"917b01f1f57166c8619d3a6fa4e1e240": secret.Env("EXAMPLE_API_KEY"),
		"274b9899df4db95910b97925d4119149": secret.File("/run/secrets/example"),
	} {
		i, ok := src.(interface{ Identity() string })
		require.True(t, ok)
		require.Equal(t, want, i.Identity())
	}
}
