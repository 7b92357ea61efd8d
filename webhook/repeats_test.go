package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/errtext"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// repeated returns what the text of an error says twice. Its hint is another sentence.
func repeated(text string) string {
	text, _, _ = strings.Cut(text, " (hint: ")
	if strings.Count(text, "webhook: ") > 1 {
		return "webhook: "
	}
	return errtext.RepeatedWords(text)
}

func requireSaidOnce(t *testing.T, err error, what ...any) {
	t.Helper()
	if err != nil {
		require.Empty(t, repeated(err.Error()), "%v: %v", err, what)
	}
}

// No error says a thing twice: not what its reason says already, nor its cause.
func TestErrorsSayAThingOnce(t *testing.T) {
	t.Parallel()
	for _, k := range kits() {
		s := k.scheme(t)
		verify := func(what string, change func(r *webhook.Request)) {
			r := k.request(t, fixedTime)
			change(r)
			_, err := s.Verify(t.Context(), r)
			requireSaidOnce(t, err, k.name, what)
			_, err = s.Split(r, webhook.Receipt{})
			requireSaidOnce(t, err, k.name, "split", what)
			_, _, err = s.Challenge(t.Context(), r)
			requireSaidOnce(t, err, k.name, "challenge", what)
		}
		for name := range k.request(t, fixedTime).Header {
			verify("without "+name, func(r *webhook.Request) { r.Header.Del(name) })
			verify("twice "+name, func(r *webhook.Request) { r.Header.Add(name, r.Header.Get(name)) })
			verify("odd "+name, func(r *webhook.Request) { r.Header.Set(name, "x") })
			verify("empty "+name, func(r *webhook.Request) { r.Header.Set(name, "") })
			verify("changed "+name, func(r *webhook.Request) {
				r.Header.Set(name, strings.Map(func(c rune) rune {
					if c == '1' {
						return '2'
					}
					return c
				}, r.Header.Get(name)))
			})
		}
		for _, body := range []string{"", "{", "{}", "[]", "null", "a=b", "a=%", "<x/>", `{"data":{"jwt":7}}`, "logout_token=a.b.c", "bt_signature=a&bt_payload=b"} {
			verify("body "+body, func(r *webhook.Request) { r.Body = []byte(body) })
		}
		verify("longer", func(r *webhook.Request) { r.Body = append(r.Body, ' ') })
		for _, skew := range []time.Duration{-24 * 365 * time.Hour, -26 * time.Hour, 26 * time.Hour, 24 * 365 * time.Hour} {
			verify(skew.String(), func(r *webhook.Request) { r.ReceivedAt = fixedTime.Add(skew) })
		}
		for _, method := range []string{"GET", "PUT", strings.Repeat("x", 100)} {
			verify(method, func(r *webhook.Request) { r.Method = method })
		}
		verify("too large", func(r *webhook.Request) { r.Body = make([]byte, s.MaxBody()+1) })
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := k.scheme(t).Verify(ended, k.request(t, fixedTime))
		requireSaidOnce(t, err, k.name, "cancelled")
		for _, opt := range []webhook.Option{
			webhook.WithTolerance(0), webhook.WithTolerance(1), webhook.WithMaxBody(0), webhook.WithClock(nil),
			webhook.WithHTTPClient(nil), webhook.WithRawSecret(), webhook.SNSAutoConfirm(),
		} {
			_, err := k.newScheme(opt)
			requireSaidOnce(t, err, k.name, "option")
		}
	}
}

func TestErrorsOfSecretsSayAThingOnce(t *testing.T) {
	t.Parallel()
	deferred := func(text string) secret.Source {
		held := false
		return secret.Func(func(context.Context) ([]secret.Value, error) {
			if !held {
				held = true
				return nil, errTest
			}
			return []secret.Value{secret.New(text)}, nil
		})
	}
	for name, construct := range bySecretAll() {
		request := func() *webhook.Request {
			for _, k := range kits() {
				if k.name == name {
					return k.request(t, fixedTime)
				}
			}
			return post("{}", "X-Sig", strings.Repeat("0", 64))
		}
		for _, text := range []string{"", " ", " x", "x", "whsec_", "whsec_x", "whpk_x", "sk_x", "SG.x", "re_x", "user:", "-----BEGIN CERTIFICATE-----"} {
			_, err := construct(secret.Static(text))
			requireSaidOnce(t, err, name, text)
			if s, err := construct(deferred(text)); err == nil {
				_, err = s.Verify(t.Context(), request())
				requireSaidOnce(t, err, name, "deferred", text)
			}
		}
		for what, source := range map[string]secret.Source{
			"nil": nil, "none": secret.Static(),
			"fails":  secret.Func(func(context.Context) ([]secret.Value, error) { return nil, errTest }),
			"panics": secret.Func(func(context.Context) ([]secret.Value, error) { panic("x") }),
		} {
			s, err := construct(source)
			requireSaidOnce(t, err, name, what)
			if err == nil {
				_, err = s.Verify(t.Context(), request())
				requireSaidOnce(t, err, name, what)
			}
		}
	}
}

func TestErrorsOfTokensSayAThingOnce(t *testing.T) {
	t.Parallel()
	for _, h := range tokenHooks() {
		s := h.scheme(t)
		for claim := range h.claims {
			for _, value := range []any{nil, "x", "", 7, true, []any{}, map[string]any{}, float64(fixedTime.Unix() - 1e6), float64(fixedTime.Unix() + 1e6)} {
				_, err := s.Verify(t.Context(), h.deliver(rs256(h.header, with(h.claims, object{claim: value}))))
				requireSaidOnce(t, err, h.name, claim, value)
			}
		}
		for member, value := range map[string]any{"alg": "HS256", "typ": "x", "kid": "unknown", "crit": []string{"x"}} {
			_, err := s.Verify(t.Context(), h.deliver(rs256(with(h.header, object{member: value}), h.claims)))
			requireSaidOnce(t, err, h.name, member)
		}
		genuine := rs256(h.header, h.claims)
		for _, token := range []string{"", "x", "a.b.c", genuine + "A", genuine[:len(genuine)-4] + "AAAA", genuine[:len(genuine)-100]} {
			_, err := s.Verify(t.Context(), h.deliver(token))
			requireSaidOnce(t, err, h.name, token)
		}
		for what, answer := range map[string]func(*http.Request) (*http.Response, error){
			"no network": func(*http.Request) (*http.Response, error) { return nil, errTest },
			"404": func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 404, Body: http.NoBody, Request: r}, nil
			},
			"empty": func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
			},
		} {
			cut, err := h.newScheme(webhook.WithHTTPClient(&http.Client{Transport: roundTrip(answer)}), at(fixedTime))
			require.NoError(t, err)
			_, err = cut.Verify(t.Context(), h.deliver(genuine))
			requireSaidOnce(t, err, h.name, what)
			requireSaidOnce(t, cut.Warm(t.Context()), h.name, what)
		}
	}
}

func TestErrorsOfEventsSayAThingOnce(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]webhook.HandlerOption{
		"fails":   {webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error { return errTest })},
		"its own": {webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error { return errors.New("webhook: paid: no") })},
		"panics":  {webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error { panic("x") })},
		"decode":  {webhook.On("paid", func(context.Context, webhook.Event[[]int]) error { return nil })},
		"responds": {webhook.Respond("paid", func(context.Context, webhook.Event[fakeEvent]) (*webhook.Answer, error) {
			return &webhook.Answer{Status: 1}, nil
		})},
		"json": {webhook.Respond("paid", func(context.Context, webhook.Event[fakeEvent]) (*webhook.Answer, error) {
			return webhook.JSON(func() {})
		})},
		"guard": {webhook.On("paid", nothing), webhook.WithDeduplication(claimed{})},
		"queue": {webhook.WithQueue(&queue{err: errTest})},
		"busy":  {webhook.On("paid", nothing), webhook.WithDeduplication(claimed{"e1": webhook.InFlight})},
		"full":  {webhook.On("paid", nothing), webhook.WithDeduplication(fullGuard(t))},
	} {
		var log buffer
		h := newHandler(t, fake{}, append(opts, log.option())...)
		require.GreaterOrEqual(t, status(h, delivery(event("e1", "paid"))), 500, name)
		line := regexp.MustCompile(`"error":("(?:[^"\\]|\\.)*")`).FindStringSubmatch(log.String())
		require.NotNil(t, line, name)
		var text string
		_, err := fmt.Sscanf(line[1], "%q", &text)
		require.NoError(t, err, line[1])
		require.Empty(t, repeated(text), "%s: %s", name, text)
		require.True(t, strings.HasPrefix(text, "webhook: "), text)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	h := newHandler(t, fake{}, webhook.On("paid", nothing))
	err := h.Dispatch(ended, &webhook.Delivery{Events: []webhook.Raw{{Type: "paid"}}})
	require.Error(t, err)
	requireSaidOnce(t, err)
}

// fullGuard has no room for another event.
func fullGuard(t *testing.T) webhook.Guard {
	g := memoryGuard(t, webhook.MemoryGuardConfig{Events: 1})
	_, err := g.Claim(t.Context(), webhook.GuardKey{ID: "other"})
	require.NoError(t, err)
	return g
}
