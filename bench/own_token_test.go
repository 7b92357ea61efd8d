package bench

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// ownToken returns the project's entries of the group Token/source: a cached
// token, from a source of the manager as a client asks for it ("own"), as
// golang.org/x/oauth2 does ("own-oauth2"), and from the manager by key among
// 1,000 ("own-by-key").
func ownToken() []entry {
	m, err := tokens.New(tokens.NewMemoryStore(), tokens.Grant(nil))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	for i := range 1_000 {
		t := &oauth2.Token{AccessToken: token, Expiry: time.Now().Add(24 * time.Hour)}
		if err := m.Put(ctx, fmt.Sprint("user:", i), t); err != nil {
			panic(err)
		}
	}
	key := "user:42"
	src := m.Source(key)
	use := func(t *oauth2.Token, err error) error {
		if err == nil && t.AccessToken == "" {
			err = errExpired
		}
		return err
	}
	return []entry{
		{"own", func() error { return use(src.TokenContext(ctx)) }},
		{"own-oauth2", func() error { return use(src.Token()) }},
		{"own-by-key", func() error { return use(m.Token(ctx, key)) }},
	}
}
