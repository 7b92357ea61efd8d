package sourcetest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

func testNewestFirst(t *testing.T, open func(values ...string) Backend) {
	b := open("newest")
	if got := texts(t, b.Source); !slices.Equal(got, []string{"newest"}) {
		t.Fatalf("an origin with one secret gives %d; it must give that one", len(got))
	}
	if b.One {
		return
	}
	want := []string{"newest", "older", "oldest"}
	if got := texts(t, open(want...).Source); !slices.Equal(got, want) {
		t.Fatalf("an origin with three secrets gives %d, or in another order; it must give all, the newest first", len(got))
	}
}

// testBlank: what is not there is an error, and never nothing.
func testBlank(t *testing.T, open func(values ...string) Backend) {
	for _, values := range [][]string{{}, {""}, {" \t\n"}, {"newest", ""}, {"", "older"}} {
		b := open(values...)
		if b.One && len(values) > 1 {
			continue
		}
		got, err := b.Source.Secrets(t.Context())
		if err == nil && (len(got) == 0 || slices.ContainsFunc(got, secret.Value.IsBlank)) {
			t.Errorf("an origin that holds %q gives %q and no error", values, reveal(got))
		}
	}
}

// canary is a secret that looks different in most encodings.
const canary = `CANARY/s3cr"et+<&>=?`

// shows returns the form under which the canary stands in a text, "" if it does not.
func shows(text string) string {
	quoted, err := json.Marshal(canary)
	if err != nil {
		return err.Error()
	}
	for _, form := range []string{
		"CANARY", "s3cr", url.QueryEscape(canary), strings.Trim(string(quoted), `"`),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(canary)), "="), strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(canary)), "="),
		fmt.Sprintf("%x", canary), strings.Trim(fmt.Sprint([]byte(canary)), "[]"),
	} {
		if strings.Contains(text, form) {
			return form
		}
	}
	return ""
}

// testHidden: X1, neither in an error nor when the source is printed.
func testHidden(t *testing.T, open func(values ...string) Backend) {
	hidden := func(what, text string) {
		t.Helper()
		if form := shows(text); form != "" {
			t.Errorf("%s shows the secret as %s", what, form)
		}
	}
	b := open(canary)
	texts(t, b.Source) // so that a source which keeps it has it
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		hidden("the source under "+verb, fmt.Sprintf(verb, b.Source))
	}
	if out, err := json.Marshal(b.Source); err == nil {
		hidden("the source as JSON", string(out))
	}
	failing := map[string]Backend{}
	if !b.One {
		failing["an origin with a blank beside it"] = open(canary, " ")
	}
	if b.Away != nil {
		b.Away()
		b.Pass()
		failing["an origin that is out of reach"] = b
	}
	for name, b := range failing {
		for _, err := range []error{read(t, b.Source), secret.Refresh(t.Context(), b.Source), secret.Check(b.Source)} {
			if err != nil {
				hidden("the error of "+name, fmt.Sprintf("%v %+v %#v", err, err, err))
			}
		}
	}
}

func read(t *testing.T, src secret.Source) error {
	_, err := src.Secrets(t.Context())
	return err
}

// testRotation: X3, without a restart.
func testRotation(t *testing.T, open func(values ...string) Backend) {
	b := rotating(t, open, "first")
	for _, value := range []string{"first", "second", "third"} {
		b.Set(value)
		b.Pass()
		if got := texts(t, b.Source); !slices.Equal(got, []string{value}) {
			t.Fatalf("after the origin was changed, and the time for that has passed, the source gives %q; it must give %q", got, value)
		}
	}
	if b.One {
		return
	}
	b = open("third", "second")
	texts(t, b.Source)
	b.Set("fourth", "third")
	b.Pass()
	if got := texts(t, b.Source); !slices.Equal(got, []string{"fourth", "third"}) {
		t.Fatalf("after both secrets of the origin were changed, the source gives %q", got)
	}
}

// testRefresh: after a 401 the origin is read again at once.
func testRefresh(t *testing.T, open func(values ...string) Backend) {
	b := rotating(t, open, "first")
	if _, ok := b.Source.(secret.Refresher); !ok {
		t.Skip("the source keeps no copy: it is no secret.Refresher")
	}
	for _, value := range []string{"first", "second", "third"} {
		b.Set(value)
		if err := secret.Refresh(t.Context(), b.Source); err != nil {
			t.Fatalf("Refresh: %v", err)
		}
		if got := texts(t, b.Source); !slices.Equal(got, []string{value}) {
			t.Fatalf("after a Refresh the source gives %q; the origin holds %q", got, value)
		}
	}
}

// testStays: X3, calls in flight keep the secret that they have.
func testStays(t *testing.T, open func(values ...string) Backend) {
	b := rotating(t, open, "first")
	values, err := b.Source.Secrets(t.Context())
	if err != nil {
		t.Fatalf("Secrets: %v", err)
	}
	b.Set("second")
	b.Pass()
	texts(t, b.Source)
	if got := reveal(values); !slices.Equal(got, []string{"first"}) {
		t.Fatalf("what was handed out before a rotation has become %q", got)
	}
}

// testRotatedToBlank: in the middle of a rotation the last good secret will do, or an
// error, but no blank.
func testRotatedToBlank(t *testing.T, open func(values ...string) Backend) {
	b := rotating(t, open, "first")
	texts(t, b.Source)
	for _, blank := range []string{"", " \n"} {
		b.Set(blank)
		b.Pass()
		got, err := b.Source.Secrets(t.Context())
		if err == nil && !slices.Equal(reveal(got), []string{"first"}) {
			t.Fatalf("after the origin was emptied the source gives %q and no error", reveal(got))
		}
	}
	b.Set("second")
	b.Pass()
	if got := texts(t, b.Source); !slices.Equal(got, []string{"second"}) {
		t.Fatalf("after the origin was emptied and filled again, the source gives %q", got)
	}
}

// testConcurrent asks and refreshes from many goroutines while the secret is rotated. It
// is worth most under the race detector.
func testConcurrent(t *testing.T, open func(values ...string) Backend) {
	b := open("0")
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for worker := range 8 {
		wg.Go(func() {
			last := ""
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(n) * time.Millisecond): // often at first, however long Pass is
				}
				if worker == 0 && n%8 == 0 {
					if err := secret.Refresh(t.Context(), b.Source); err != nil {
						t.Errorf("one of many concurrent calls of Refresh: %v", err)
						return
					}
				}
				values, err := b.Source.Secrets(t.Context())
				if err != nil || len(values) != 1 {
					t.Errorf("one of many concurrent callers gets %d secrets and the error %v", len(values), err)
					return
				}
				got := values[0].Reveal()
				if len(got) != 1 || got < last {
					t.Errorf("one of many concurrent callers gets the secret %q after %q, which the origin held later", got, last)
					return
				}
				last = got
			}
		})
	}
	for _, value := range []string{"1", "2", "3"} {
		if b.Set != nil {
			b.Set(value)
		}
		b.Pass()
		for range 10 {
			texts(t, b.Source)
			time.Sleep(time.Millisecond)
		}
	}
	close(stop)
	wg.Wait()
}

// testAway: what was never read is an error, and what was read may serve on.
func testAway(t *testing.T, open func(values ...string) Backend) {
	b := open("first")
	if b.Away == nil {
		t.Skip("the origin cannot be taken away")
	}
	b.Away()
	if got, err := b.Source.Secrets(t.Context()); err == nil {
		t.Fatalf("a source whose origin is out of reach, and was never read, gives %d secrets and no error", len(got))
	}
	b = open("first")
	texts(t, b.Source)
	b.Away()
	b.Pass()
	if got, err := b.Source.Secrets(t.Context()); err == nil && !slices.Equal(reveal(got), []string{"first"}) {
		t.Fatalf("a source whose origin is out of reach gives %d secrets and no error, and they are not those which it had", len(got))
	}
}

// testCancelled: one caller who gives up takes nothing from the next.
func testCancelled(t *testing.T, open func(values ...string) Backend) {
	b := open("first")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := b.Source.Secrets(ctx); err == nil && !slices.Equal(reveal(got), []string{"first"}) {
		t.Fatalf("under a cancelled context the source gives %q and no error", reveal(got))
	}
	if got := texts(t, b.Source); !slices.Equal(got, []string{"first"}) {
		t.Fatalf("after a caller has given up, the next gets %q", got)
	}
}

// testCheck: X2, where it can be known at construction.
func testCheck(t *testing.T, open func(values ...string) Backend) {
	b := open("first")
	c, ok := b.Source.(secret.Checker)
	if !ok {
		t.Skip("the source is no secret.Checker")
	}
	if err := c.Check(); err != nil {
		t.Fatalf("Check of a source that works: %v", err)
	}
	if got := texts(t, b.Source); !slices.Equal(got, []string{"first"}) {
		t.Fatalf("after Check the source gives %q", got)
	}
}

// testIdentity: C36, it tells sources of one secret from others, and nothing about it.
func testIdentity(t *testing.T, open func(values ...string) Backend) {
	src := open(canary).Source
	i, ok := src.(interface{ Identity() string })
	if !ok {
		t.Skip("the source does not know whose secret it holds: it has no Identity")
	}
	before := i.Identity()
	texts(t, src)
	if after := i.Identity(); after != before {
		t.Errorf("Identity is %q before the secret was read, and %q after", before, after)
	}
	if form := shows(before); form != "" {
		t.Errorf("Identity shows the secret as %s", form)
	}
}
