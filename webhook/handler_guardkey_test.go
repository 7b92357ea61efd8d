package webhook_test

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// keeper notes what a guard is asked.
type keeper struct {
	webhook.Guard
	keys     []webhook.GuardKey
	settled  []webhook.Claim
	released []webhook.Claim
}

func (k *keeper) Claim(ctx context.Context, key webhook.GuardKey) (webhook.Claim, error) {
	k.keys = append(k.keys, key)
	return k.Guard.Claim(ctx, key)
}

func (k *keeper) Commit(ctx context.Context, c webhook.Claim) error {
	k.settled = append(k.settled, c)
	return k.Guard.Commit(ctx, c)
}

func (k *keeper) Release(ctx context.Context, c webhook.Claim) error {
	k.released = append(k.released, c)
	return k.Guard.Release(ctx, c)
}

func twilioGET(query, token string) *http.Request {
	const address = "https://example.com/sms?"
	r := httptest.NewRequest(http.MethodGet, address+query, nil)
	r.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(macOf(sha1.New, rawKey, address+query)))
	if token != "" {
		r.Header.Set("I-Twilio-Idempotency-Token", token)
	}
	return r
}

// W12: a GET of Twilio says all that it says in its URL, which is what is signed.
func TestW12_TwilioGETsAreToldApartByTheirURL(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://example.com/sms", "https://example.com"} {
		for _, token := range []string{"", "token-1"} {
			s := must(webhook.Twilio(secret.Static(rawKey), address))
			var got []webhook.Event[url.Values]
			h := newHandler(t, s, webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})),
				webhook.On("*", func(_ context.Context, e webhook.Event[url.Values]) error {
					got = append(got, e)
					return nil
				}))
			queries := []string{"Body=one&MessageSid=SM1", "Body=two&MessageSid=SM2", "Body=three&MessageSid=SM3"}
			for i, q := range queries {
				require.Equal(t, 200, status(h, twilioGET(q, token)))
				require.Len(t, got, i+1, "%s %q: each is another message", address, token)
				require.Equal(t, q, got[i].Request.URL.RawQuery)
				require.Equal(t, token != "" && i > 0, got[i].Suspect, "the same token on other content")
			}
			require.Equal(t, 200, status(h, twilioGET(queries[0], token)))
			if token == "" {
				require.Len(t, got, 4)
				require.True(t, got[3].Suspect, "equal, and nothing says whether it is the same")
			} else {
				require.Len(t, got, 3, "a redelivery")
			}
		}
	}
}

// W12: the body alone does not say which of several addresses it was sent to.
func TestW12_TwilioPOSTsAreToldApartByTheirURL(t *testing.T) {
	t.Parallel()
	var got []bool
	h := newHandler(t, must(webhook.Twilio(secret.Static(rawKey), "https://example.com")),
		webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})),
		webhook.Fallback(func(_ context.Context, e webhook.Event[jsonRaw]) error {
			got = append(got, e.Suspect)
			return nil
		}))
	for _, path := range []string{"/a", "/b", "/a", "/a?x=1"} {
		require.Equal(t, 200, status(h, webhooktest.Twilio(rawKey).WithURL("https://example.com"+path).Request([]byte("Body=Hi"))))
	}
	require.Equal(t, []bool{false, false, true, false}, got)
}

// W12: alerts of a service that gives no identifiers are equal to the letter.
func TestW12_EqualAlertsWithoutIdentifierRun(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"datadog", "cloudflare", "static-token", "postmark", "x"} {
		k := kitNamed(t, name)
		now := fixedTime
		var got []bool
		h := newHandler(t, k.scheme(t), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{Now: func() time.Time { return now }})),
			webhook.Fallback(func(_ context.Context, e webhook.Event[jsonRaw]) error {
				got = append(got, e.Suspect)
				return nil
			}))
		for range 3 {
			require.Equal(t, 200, status(h, kitDelivery(k, `{"title":"disk full","status":"Triggered"}`)), name)
			now = now.Add(20 * time.Hour)
		}
		require.Equal(t, []bool{false, true, true}, got, name)
	}
}

// W12: one signature, one hash, however the bytes are read.
func TestW12_TheHashIsOverWhatWasSigned(t *testing.T) {
	t.Parallel()
	ask := func(v verifier, r *http.Request) []webhook.GuardKey {
		g := &keeper{Guard: memoryGuard(t, webhook.MemoryGuardConfig{})}
		h := newHandler(t, v, webhook.WithDeduplication(g), webhook.Fallback(func(context.Context, webhook.Event[jsonRaw]) error { return nil }))
		require.Equal(t, 200, status(h, r))
		return g.keys
	}
	github := kitNamed(t, "github")
	form := ask(github.scheme(t), kitDelivery(github, "payload=%7B%22a%22%3A1%7D", "Content-Type", "application/x-www-form-urlencoded"))
	object := ask(github.scheme(t), kitDelivery(github, `{"a":1}`))
	require.Len(t, form, 1)
	require.Equal(t, "id-1", form[0].ID)
	require.NotEqual(t, form[0].Body, object[0].Body, "the form is what was signed, not what is in it")
	require.False(t, form[0].Empty)

	// An event of a batch that has an identifier is known again in another batch.
	logs := kitNamed(t, "auth0-log-stream")
	both := ask(logs.scheme(t), kitDelivery(logs, `[{"log_id":"1"},{"log_id":"2"}]`))
	one := ask(logs.scheme(t), kitDelivery(logs, `[{"log_id":"2"}]`))
	require.Equal(t, both[1], one[0])
	require.NotEqual(t, both[0].Body, both[1].Body)

	// One that has none goes with the whole batch and its place in it.
	both = ask(logs.scheme(t), kitDelivery(logs, `[{"data":{"type":"s"}},{"data":{"type":"s"}}]`))
	require.Equal(t, both[0].Body, both[1].Body)
	require.Equal(t, []int{0, 1}, []int{both[0].Index, both[1].Index})

	// A signed identifier needs no hash.
	signed := ask(kitNamed(t, "stripe").scheme(t), kitDelivery(kitNamed(t, "stripe"), `{"id":"evt_1","object":"event"}`))
	require.Equal(t, webhook.GuardKey{Endpoint: "stripe", ID: "evt_1", IDSigned: true}, signed[0])

	calendar := kitNamed(t, "google-calendar")
	r := kitDelivery(calendar, "", "X-Goog-Channel-Id", "c", "X-Goog-Message-Number", "7")
	empty := ask(calendar.scheme(t), r)
	require.True(t, empty[0].Empty)
	require.Equal(t, "c/7", empty[0].ID)
	require.False(t, empty[0].IDSigned)
}

// W12: a described layout, too, may sign the URL, and then all that it signs of it
// counts, and nothing else.
func TestW12_DescribedLayoutsAreToldApartByTheURLTheySign(t *testing.T) {
	t.Parallel()
	const origin = "https://example.com"
	for _, c := range []struct {
		signed, url string
		content     func(path, query string) string
		paths       bool // tell deliveries apart
		queries     bool
	}{
		{"{url}|{body}", origin, func(path, query string) string { return origin + path + "?" + query + "|{}" }, true, true},
		{"{path}?{query}|{body}", origin, func(path, query string) string { return path + "?" + query + "|{}" }, true, true},
		{"{path}|{body}", origin, func(path, _ string) string { return path + "|{}" }, true, false},
		{"{query}|{body}", origin, func(_, query string) string { return query + "|{}" }, false, true},
		{"{url}|{body}", origin + "/h?q=1", func(string, string) string { return origin + "/h?q=1|{}" }, false, false},
		{"{body}", "", func(string, string) string { return "{}" }, false, false},
	} {
		s := custom(t, webhook.Layout{SignatureHeader: "X-Sig", Signed: c.signed, URL: c.url})
		g := &keeper{Guard: memoryGuard(t, webhook.MemoryGuardConfig{})}
		var suspect []bool
		h := newHandler(t, s, webhook.WithDeduplication(g), webhook.Fallback(func(_ context.Context, e webhook.Event[jsonRaw]) error {
			suspect = append(suspect, e.Suspect)
			return nil
		}))
		targets := [][2]string{{"/h", "q=1"}, {"/other", "q=1"}, {"/h", "q=2"}, {"/h", "q=1"}}
		want := []bool{false, !c.paths, !c.queries, true}
		if c.url == origin+"/h?q=1" { // no other query passes
			targets[2][1] = "q=1"
		}
		for _, target := range targets {
			r := httptest.NewRequest(http.MethodPost, origin+target[0]+"?"+target[1], strings.NewReader("{}"))
			r.Header.Set("X-Sig", hexMAC(rawKey, c.content(target[0], target[1])))
			require.Equal(t, 200, status(h, r), c.signed)
		}
		require.Equal(t, want, suspect, "%s at %q", c.signed, c.url)

		// A worker may have been handed a delivery without its URL.
		require.NoError(t, h.Dispatch(t.Context(), &webhook.Delivery{Request: &webhook.Request{Body: []byte("{}")}, Events: []webhook.Raw{{Payload: []byte("{}")}}}))
		require.Equal(t, sha256.Sum256([]byte("{}")), g.keys[len(g.keys)-1].Body)
	}
	// Asymmetric schemes alike.
	s := acmeECDSA(t, webhook.Layout{SignatureHeader: "X-Sig", Signed: "{query}|{body}", URL: origin})
	g := &keeper{Guard: memoryGuard(t, webhook.MemoryGuardConfig{})}
	h := newHandler(t, s, webhook.WithDeduplication(g), webhook.On("*", nothing))
	for _, query := range []string{"a", "b"} {
		address := must(url.Parse(origin + "/?" + query))
		require.NoError(t, h.Dispatch(t.Context(), &webhook.Delivery{Request: &webhook.Request{URL: address}, Events: []webhook.Raw{{}}}))
	}
	require.NotEqual(t, g.keys[0].Body, g.keys[1].Body)
}

// A worker may have less than the whole request.
func TestGuardKeyOfWhatAQueueKept(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]*webhook.Request{"nothing": nil, "no body": {}, "no URL": {Method: "GET", Header: http.Header{}}} {
		g := &keeper{Guard: memoryGuard(t, webhook.MemoryGuardConfig{})}
		h := newHandler(t, must(webhook.Twilio(secret.Static(rawKey), "https://example.com")), webhook.WithDeduplication(g),
			webhook.Fallback(func(context.Context, webhook.Event[jsonRaw]) error { return nil }))
		for _, payload := range []string{"a", "b"} {
			require.NoError(t, h.Dispatch(t.Context(), &webhook.Delivery{Endpoint: "twilio", Request: request, Events: []webhook.Raw{{Payload: []byte(payload)}}}))
		}
		require.Len(t, g.keys, 2)
		require.NotEqual(t, g.keys[0].Body, g.keys[1].Body, name)
		require.False(t, g.keys[0].Empty)
	}
}

// The claim that the guard gave is the one that is settled, with its token.
func TestGuardGetsItsOwnClaimBack(t *testing.T) {
	t.Parallel()
	for _, body := range []string{event("e1", "paid"), `{"type":"paid"}`} {
		g := &keeper{Guard: memoryGuard(t, webhook.MemoryGuardConfig{})}
		fail := true
		h := newHandler(t, fake{}, webhook.WithDeduplication(g), webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error {
			if fail {
				return errTest
			}
			return nil
		}))
		require.Equal(t, 500, status(h, delivery(body)))
		fail = false
		require.Equal(t, 200, status(h, delivery(body)))
		require.Len(t, g.released, 1)
		require.Len(t, g.settled, 1)
		require.NotEmpty(t, g.released[0].Token)
		require.NotEmpty(t, g.settled[0].Token)
		require.NotEqual(t, g.released[0].Token, g.settled[0].Token)
		require.Equal(t, g.keys[1], g.settled[0].Key)
	}
}

// A commit that comes late leaves alone the claim of whoever took the event over.
func TestMemoryGuardLateCommitEndsNobodyElsesClaim(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	g := memoryGuard(t, webhook.MemoryGuardConfig{Lease: time.Minute, TTL: time.Second, Now: func() time.Time { return now }})
	key := webhook.GuardKey{Endpoint: "s", ID: "e1", IDSigned: true}
	claim := func() webhook.Claim {
		t.Helper()
		c, err := g.Claim(t.Context(), key)
		require.NoError(t, err)
		return c
	}
	late := claim()
	now = now.Add(time.Minute)
	taken := claim()
	require.Equal(t, webhook.Claimed, taken.State)
	require.NotEqual(t, late.Token, taken.Token)
	require.NoError(t, g.Commit(t.Context(), late))
	require.Equal(t, webhook.Handled, claim().State)
	now = now.Add(time.Second) // what was committed is forgotten; the other is at work still
	require.Equal(t, webhook.InFlight, claim().State)
	require.NoError(t, g.Commit(t.Context(), taken))
	now = now.Add(time.Second)
	require.Equal(t, webhook.Claimed, claim().State, "its own commit ended it")
}

// Nothing at all is nothing to know a delivery by.
func TestW12_NoIdentifierAndNoContent(t *testing.T) {
	t.Parallel()
	g := memoryGuard(t, webhook.MemoryGuardConfig{})
	for range 2 {
		c, err := g.Claim(t.Context(), webhook.GuardKey{Endpoint: "calendar", Empty: true})
		require.NoError(t, err)
		require.Equal(t, webhook.Claimed, c.State)
		require.False(t, c.Suspect)
		require.NoError(t, g.Commit(t.Context(), c))
	}
	// An identifier that is called signed and is not there is none.
	for i := range 2 {
		c, err := g.Claim(t.Context(), webhook.GuardKey{Endpoint: "s", IDSigned: true, Body: [32]byte{1}})
		require.NoError(t, err)
		require.Equal(t, webhook.Claimed, c.State)
		require.Equal(t, i == 1, c.Suspect)
		require.NoError(t, g.Commit(t.Context(), c))
	}
}
