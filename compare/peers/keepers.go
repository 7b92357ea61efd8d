package peers

import (
	"sync"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/compare"
)

// Keepers are the libraries that keep a user's tokens.
func Keepers() []compare.Keeper {
	return []compare.Keeper{standpipeKeeper(), oauth2PerRequest(), oauth2Shared(), azcoreKeeper()}
}

// column is where an application keeps a user's token if the library has no store: a
// column of its database.
type column struct {
	mu    sync.Mutex
	token oauth2.Token
}

func newColumn(g compare.Grant) *column {
	return &column{token: *expired(g)}
}

func (c *column) load() *oauth2.Token {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.token
	return &t
}

func (c *column) save(t *oauth2.Token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = *t
}
