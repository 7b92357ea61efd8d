// Package under puts the stack under every http.Client of the process that
// imports it, by a hook that a build overlay adds to net/http. It does nothing
// in a program that was built without the overlay, or without [Mode].
package under

import (
	"net/http"
	"os"
	"reflect"
	"sync"
	"time"
	_ "unsafe" // for go:linkname

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
)

const (
	// Mode is the environment variable that says what to put under a client:
	// nothing, [Stack] or [Once].
	Mode = "STANDPIPE_UNDER"
	// Count is the one that names a file which grows by a byte for each request
	// that passes through the stack.
	Count = "STANDPIPE_UNDER_COUNT"

	Stack = "stack" // the stack as it comes, its waits cut short
	Once  = "once"  // the stack without its retries
)

// transportUnder is asked by http.Client which transport to use in place of its
// own. Nil: its own.
//
//go:linkname transportUnder net/http.transportUnder
var transportUnder func(*http.Client, http.RoundTripper) http.RoundTripper

func init() {
	switch mode := os.Getenv(Mode); mode {
	case "":
	case Stack, Once:
		transportUnder = (&stacks{mode: mode}).under
	default:
		panic(Mode + ": " + mode)
	}
}

// stacks keeps one stack for each http.Client and transport, as an app would.
type stacks struct {
	mode string
	made sync.Map // of clientTransport to http.RoundTripper
}

type clientTransport struct {
	c  *http.Client
	rt http.RoundTripper
}

func (s *stacks) under(c *http.Client, rt http.RoundTripper) http.RoundTripper {
	if !reflect.ValueOf(rt).Comparable() {
		return s.stack(rt)
	}
	key := clientTransport{c, rt}
	if made, ok := s.made.Load(key); ok {
		return made.(http.RoundTripper)
	}
	made, _ := s.made.LoadOrStore(key, s.stack(rt))
	return made.(http.RoundTripper)
}

func (s *stacks) stack(rt http.RoundTripper) http.RoundTripper {
	policy := retry.Never
	if s.mode == Stack {
		wait := retry.Constant(time.Millisecond)
		policy = retry.Policy{Backoff: wait, Throttled: wait, MaxWait: time.Second}
	}
	c, err := client.New("https://sdk.invalid",
		client.WithTransport(rt),
		client.WithRetry(policy),
		client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper { return counter{next} }))
	if err != nil {
		panic(err)
	}
	return c.HTTPClient().Transport
}

type counter struct{ next http.RoundTripper }

func (c counter) RoundTrip(req *http.Request) (*http.Response, error) {
	count()
	return c.next.RoundTrip(req)
}

func count() {
	name := os.Getenv(Count)
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := f.Write([]byte{'.'}); err != nil {
		panic(err)
	}
}
